//! Where a process is reached: its port, what it says about it, and the probes beside what it serves.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::Router;
use parlor_edge::{Guard, Readiness, probes, serve::Times};
use parlor_protocol::demo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    page,
    settings::{Secret, Settings},
    telemetry::Metrics,
};

/// Where people find Parlor unless told otherwise.
pub const FRONT: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);
/// Where the chat finds auth unless told otherwise.
pub const AUTH: ([u8; 4], u16) = ([127, 0, 0, 1], 8081);

/// # Errors
/// A sentence that says what is in the way.
pub async fn listen(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            anyhow::bail!("{address} is taken: stop the program that listens there, or choose another --listen.")
        }
        bound => bound.with_context(|| format!("it cannot listen on {address}")),
    }
}

/// Tells where it is reached, on standard output.
///
/// # Errors
/// If standard output is closed.
pub fn announce(listener: &TcpListener) -> Result<()> {
    let address = listener.local_addr()?;
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}").and_then(|()| out.flush()).context(UNHEARD)
}

/// Tells people where to go and who they can be, on standard output.
///
/// # Errors
/// If standard output is closed.
pub fn invite(listener: &TcpListener, demo_people: Option<u32>) -> Result<()> {
    announce(listener)?;
    let Some(more) = demo_people else { return Ok(()) };
    let [carlos, john, gerard] = demo::NAMES;
    let more = match more {
        0 => String::new(),
        more => format!(", or demo0001 to demo{more:04},"),
    };
    let (port, password) = (listener.local_addr()?.port(), demo::PASSWORD);
    let mut out = io::stdout().lock();
    writeln!(out, "demo mode, for this machine only: open http://localhost:{port}")
        .and_then(|()| writeln!(out, "log in as {carlos}, {john} or {gerard}{more} with the password {password}"))
        .and_then(|()| out.flush())
        .context(UNHEARD)
}

const UNHEARD: &str = "standard output cannot be written to";

/// `/healthz`, `/readyz` and `/metrics` of this process.
pub fn probes(settings: &Settings, readiness: &Readiness, metrics: &Metrics) -> Router {
    let recorder = metrics.clone();
    let token = settings.metrics_token.as_ref().map(Secret::reveal);
    probes::router(readiness.clone(), probes::Metrics::new(move || recorder.render(), token))
}

/// Everything that people reach at the one address: the chat, what it passes on, the page, and the probes.
pub fn front(chat: Router, probes: Router, guard: &Guard) -> Router {
    guard.around(chat.merge(probes).fallback_service(page::router()))
}

/// Within a stop of this length, a request that hangs must not keep the rest, such as sockets' goodbye, from its time.
pub fn times(stop: Duration) -> Times {
    Times { grace: stop / 5, ..Times::default() }
}

/// Says in `/readyz` that this process takes nobody in any more, once it is told to stop.
pub async fn close(readiness: &Readiness, stop: &CancellationToken) {
    stop.cancelled().await;
    readiness.draining();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_one_clear_sentence() {
        let first = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address).await.unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            format!("{address} is taken: stop the program that listens there, or choose another --listen.")
        );
    }
}
