//! Auth elsewhere, over HTTP. One client keeps its connections; a request that auth does not take in time is an error.

use std::time::Duration;

use async_trait::async_trait;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderName, Request, header},
    response::Response,
};
use parlor_protocol::limits;
use url::Url;

use super::{Auth, AuthUnavailable};

/// How long a connection to auth may take to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an idle connection is kept: less than the time auth gives the next request's head.
const IDLE: Duration = Duration::from_secs(5);
/// How long an answer may take while somebody waits for it.
const ANSWER: Duration = Duration::from_secs(10);
/// How long auth may hold a request for events: longer than the longest poll.
const EVENTS: Duration = Duration::from_secs(30);

/// Headers that speak of one connection (RFC 9110, section 7.6.1) or of a body's length on it.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::CONTENT_LENGTH,
];

#[derive(Debug, Clone)]
pub struct Remote {
    base: Url,
    client: reqwest::Client,
}

impl Remote {
    /// # Errors
    /// If no HTTP client can be made.
    pub fn new(base: Url) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .build()?;
        Ok(Self { base, client })
    }
}

#[async_trait]
impl Auth for Remote {
    async fn call(&self, request: Request<Body>) -> Result<Response, AuthUnavailable> {
        let failed = |error: &dyn std::fmt::Display| AuthUnavailable(error.to_string());
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(body, limits::BODY_BYTES).await.map_err(|error| failed(&error))?;
        let mut url = self.base.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        HOP_BY_HOP.iter().for_each(|name| drop(parts.headers.remove(name)));
        let within = if parts.uri.path() == "/internal/events" { EVENTS } else { ANSWER };
        let request = self.client.request(parts.method, url).headers(parts.headers).body(body).timeout(within);
        let sent = request.send().await;
        // The URL would say which query was asked; the rest says what is wrong.
        let answer = sent.map_err(|error| failed(&error.without_url()))?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        HOP_BY_HOP.iter().for_each(|name| drop(response.headers_mut().remove(name)));
        *response.body_mut() = Body::from_stream(answer.bytes_stream());
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, routing::post};
    use tokio::net::TcpListener;

    use super::*;

    async fn remote(router: Router) -> (Remote, tokio_util::sync::DropGuard) {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let stop = tokio_util::sync::CancellationToken::new();
        tokio::spawn(parlor_edge::serve(listener, router, stop.clone()));
        (Remote::new(base).unwrap(), stop.drop_guard())
    }

    #[tokio::test]
    async fn a_request_and_its_answer_arrive_as_they_were() {
        let echo = post(|request: Request<Body>| async move {
            let said = format!("{} {:?}", request.uri(), request.headers().get("cookie"));
            let body = to_bytes(request.into_body(), 100).await.unwrap();
            let headers = [("set-cookie", "a=b"), ("retry-after", "7")];
            (StatusCode::TOO_MANY_REQUESTS, headers, format!("{said} {}", String::from_utf8_lossy(&body)))
        });
        let (auth, _stop) = remote(Router::new().route("/api/auth/login", echo)).await;
        let request = Request::post("/api/auth/login?x=1").header("cookie", "s=1").body(Body::from("hi")).unwrap();
        let answer = auth.call(request).await.unwrap();
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["set-cookie"], "a=b");
        assert_eq!(answer.headers()["retry-after"], "7");
        let body = to_bytes(answer.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "/api/auth/login?x=1 Some(\"s=1\") hi");
    }

    #[tokio::test]
    async fn an_auth_that_is_not_there_is_an_error_at_once() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let request = Request::get("/api/users").body(Body::empty()).unwrap();
        assert!(Remote::new(base).unwrap().call(request).await.is_err());
    }
}
