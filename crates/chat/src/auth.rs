//! The port to the auth service: one HTTP call in, its answer out, whether auth is in this process or elsewhere.

use std::{convert::Infallible, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
    response::Response,
};
use parlor_edge::{INTERNAL_KEY_HEADER, Keys};
use parlor_protocol::auth::AuthEvents;
use tower::ServiceExt as _;

mod remote;

pub use remote::Remote;

/// Auth did not answer.
#[derive(Debug, thiserror::Error)]
#[error("auth is out of reach: {0}")]
pub struct AuthUnavailable(pub String);

#[async_trait]
pub trait Auth: Send + Sync + std::fmt::Debug + 'static {
    /// Hands a request on. A refusal of auth's is an answer like any other.
    ///
    /// # Errors
    /// Auth could not be asked.
    async fn call(&self, request: Request<Body>) -> Result<Response, AuthUnavailable>;
}

/// Auth in this process.
#[derive(Debug, Clone)]
pub struct InProcess(pub Router);

#[async_trait]
impl Auth for InProcess {
    async fn call(&self, request: Request<Body>) -> Result<Response, AuthUnavailable> {
        let answer: Result<Response, Infallible> = self.0.clone().oneshot(request).await;
        let Ok(response) = answer;
        Ok(response)
    }
}

/// Bytes of an answer to [`events`] at most: 1,000 events are far below.
const EVENTS_BYTES: usize = 4 * 1024 * 1024;

/// Auth's events above `after`; waits up to `wait` for the first.
///
/// # Errors
/// Auth could not be asked, or did not answer as it should.
pub async fn events(auth: &dyn Auth, keys: &Keys, after: u64, wait: Duration) -> Result<AuthEvents, AuthUnavailable> {
    let failed = |what: String| AuthUnavailable(what);
    let request = Request::get(format!("/internal/events?after={after}&wait={}", wait.as_millis()))
        .header(INTERNAL_KEY_HEADER, keys.internal_header())
        .body(Body::empty())
        .map_err(|error| failed(error.to_string()))?;
    let response = auth.call(request).await?;
    if response.status() != StatusCode::OK {
        return Err(failed(format!("it answered {} (is PARLOR_SECRET the same?)", response.status())));
    }
    let body = to_bytes(response.into_body(), EVENTS_BYTES).await.map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&body).map_err(|error| failed(error.to_string()))
}
