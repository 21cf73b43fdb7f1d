//! The accept loop: connections in, requests to the router, and the graceful stop. Must not know what is served.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use axum::{Router, body::Body, response::Response};
use http_body_util::Limited;
use hyper::{Request, body::Body as _, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioTimer;
use parlor_protocol::limits;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{
    body::Timely,
    client::Peer,
    stream::Stream,
    waiting::{Seat, WaitingRoom},
};

/// How long things may take, and how many may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From a connection's start, or its last answer, to the end of a request's head.
    pub head: Duration,
    /// From a request's head to the end of its body.
    pub body: Duration,
    /// For each 32 KiB of an answer that its client reads more slowly than it comes.
    pub answer: Duration,
    /// After an error of accept that time alone can heal, as no free file descriptor.
    pub pause: Duration,
    /// At the stop, for heads that are on their way.
    pub last_heads: Duration,
    /// At the stop, for requests in flight.
    pub grace: Duration,
    /// Connections that have not sent a request yet.
    pub waiting: usize,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            pause: Duration::from_millis(100),
            last_heads: Duration::from_millis(250),
            grace: Duration::from_secs(8),
            waiting: 1_024,
        }
    }
}

/// Bytes of a request's line and headers.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_FIELDS: usize = 100;

/// Serves until `shutdown`, then stops accepting, lets requests in flight finish, and returns.
pub async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) {
    serve_within(Times::default(), listener, router, shutdown).await;
}

/// [`serve`] with other limits.
pub async fn serve_within(times: Times, listener: TcpListener, router: Router, shutdown: CancellationToken) {
    let server = Arc::new(Server {
        times,
        router,
        waiting: WaitingRoom::new(times.waiting),
        stopping: shutdown,
        over: CancellationToken::new(),
    });
    let connections = TaskTracker::new();
    while let Some(accepted) = server.stopping.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let seat = server.waiting.enter();
                connections.spawn(Arc::clone(&server).connection(stream, Peer(peer), seat));
            }
            Err(error) => server.after(&error).await,
        }
    }
    drop(listener);
    connections.close();
    if timeout(times.last_heads, connections.wait()).await.is_err() {
        server.waiting.send_all_away();
        if timeout(times.grace, connections.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "requests did not finish in time");
            server.over.cancel();
        }
    }
    connections.wait().await;
}

/// What all connections share.
struct Server {
    times: Times,
    router: Router,
    waiting: WaitingRoom,
    stopping: CancellationToken,
    /// The time to finish is over.
    over: CancellationToken,
}

impl Server {
    /// A connection that broke before it was accepted is that connection's matter; anything else concerns all, and
    /// trying again at once would only burn the processor.
    async fn after(&self, error: &io::Error) {
        use io::ErrorKind as E;
        if matches!(error.kind(), E::ConnectionAborted | E::ConnectionReset | E::ConnectionRefused) {
            return;
        }
        tracing::warn!(%error, "accepting connections fails");
        metrics::counter!("parlor_accept_errors_total").increment(1);
        self.stopping.run_until_cancelled(sleep(self.times.pause)).await;
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: Peer, seat: Seat) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before its first request");
            return;
        }
        let service = service_fn(|request| {
            seat.give_up();
            self.answer(request, peer)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.times.head)
            .max_headers(HEAD_FIELDS)
            .max_header_size(HEAD_BYTES)
            .serve_connection(Stream::new(stream, self.times.answer), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = seat.sent_away() => return,
            () = self.stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = seat.sent_away() => return,
                    () = self.over.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Limited::new(Timely::new(body, self.times.body), limits::BODY_BYTES))
            }
        });
        request.extensions_mut().insert(peer);
        self.router.clone().oneshot(request).await
    }
}

#[cfg(test)]
mod tests;
