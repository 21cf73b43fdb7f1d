//! One bounded GET to a provider: in time, small, uncompressed, from that host. What an answer means is not known here.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, header, redirect};
use url::Url;

use crate::provider::Fault;

/// A quote takes a hundred bytes.
const MOST_BYTES: usize = 64 * 1024;
/// A host that takes longer to be there at all counts as out of reach.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Providers turn away clients that do not say what they are.
const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; parlor-stock/", env!("CARGO_PKG_VERSION"), ")");

/// A client for one provider.
#[derive(Debug)]
pub(crate) struct Http {
    /// None if the machine has no root certificates to trust, so that nothing encrypted can be reached.
    client: Option<Client>,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    html: bool,
}

impl Http {
    /// For a provider whose base is this address.
    pub(crate) fn to(base: &Url) -> Self {
        // An unencrypted provider needs no root certificates; a small container may have none.
        if base.scheme() == "https" { Self::encrypted() } else { Self::build(Client::builder().tls_certs_only([])) }
    }

    pub(crate) fn encrypted() -> Self {
        Self::build(Client::builder())
    }

    fn build(builder: ClientBuilder) -> Self {
        // The client takes the process's provider of cryptography. If there is one already, that one is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = builder
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_WITHIN)
            .redirect(redirect::Policy::custom(same_origin))
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(4)
            .build()
            .inspect_err(|error| tracing::error!(?error, "no client for quote providers"));
        Self { client: client.ok() }
    }

    pub(crate) async fn get(&self, address: &str, within: Duration) -> Result<Page, Fault> {
        let client = self.client.as_ref().ok_or(Fault::Unreachable)?;
        // Until the last byte of the body.
        tokio::time::timeout(within, fetch(client, address)).await.unwrap_or(Err(Fault::Slow))
    }
}

/// Follows a provider within its own house, a few steps.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
}

async fn fetch(client: &Client, address: &str) -> Result<Page, Fault> {
    let response = client.get(address).send().await.map_err(|error| {
        tracing::debug!(%error, "a quote provider did not answer");
        if error.is_connect() { Fault::Unreachable } else { Fault::BrokeOff }
    })?;
    match response.status().as_u16() {
        429 => return Err(Fault::RateLimited),
        300..=399 => return Err(Fault::Redirected),
        _ => {}
    }
    let said = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !matches!(said(header::CONTENT_ENCODING), "" | "identity") {
        return Err(Fault::Malformed); // it was not asked to compress
    }
    let html = said(header::CONTENT_TYPE).to_ascii_lowercase().starts_with("text/html");
    Ok(Page { status: response.status().as_u16(), html, body: body(response).await? })
}

async fn body(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Fault::BrokeOff)? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Page {
    pub(crate) fn is_html(&self) -> bool {
        self.html || self.body.trim_ascii_start().starts_with(b"<")
    }
    /// Whether its beginning says so, in whatever case.
    pub(crate) fn says(&self, words: &str) -> bool {
        let beginning = &self.body[..self.body.len().min(512)];
        String::from_utf8_lossy(beginning).to_lowercase().contains(words)
    }
    /// One that came with nothing said about it.
    pub(crate) fn text(body: &[u8]) -> Self {
        Self { status: 200, body: body.to_vec(), html: false }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_host_that_never_completes_a_connection_is_out_of_reach() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://{}/", silent.local_addr().unwrap());
        let page = Http::encrypted().get(&address, Duration::from_secs(8)).await;
        assert_eq!(page.unwrap_err(), Fault::Unreachable);
    }
}
