//! What is noted of every request: one line of log and two metrics. Must not know its query, headers or body, where
//! secrets travel.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
};

/// They come every few seconds, with nobody behind them, and would bury the rest.
const MACHINES: [&str; 4] = ["/healthz", "/readyz", "/metrics", "/internal/events"];

/// A request under way.
#[derive(Debug)]
pub struct Watch {
    method: &'static str,
    /// The route, not the path: no ids, and no more values than there are routes.
    route: String,
    begun: Instant,
}

impl Watch {
    #[must_use]
    pub fn begin(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
        Self { method: known(request.method()), route: route.to_owned(), begun: Instant::now() }
    }

    pub fn end(self, status: StatusCode) {
        let Self { method, route, begun } = self;
        let took = begun.elapsed();
        let status = status.as_u16();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if MACHINES.contains(&route.as_str()) {
            tracing::debug!(method, route, status, ms, "request");
        } else {
            tracing::info!(method, route, status, ms, "request");
        }
        let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
        metrics::counter!("parlor_http_requests_total", &labels).increment(1);
        metrics::histogram!("parlor_http_request_seconds", &labels).record(took.as_secs_f64());
    }
}

/// A method of one's own invention must not make a new time series.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
