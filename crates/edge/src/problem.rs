//! A refusal as an HTTP response (RFC 9457). Must not know why anything was refused.

use std::fmt;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http,
};

/// What a handler fails with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(pub Refusal);

/// What the other end may know of a fault of ours: nothing. The log knows.
pub fn internal(error: impl fmt::Display) -> Problem {
    tracing::error!(error = %error, "a request failed");
    Problem(Refusal::new(ErrorCode::Internal, "Something went wrong here. Please try again."))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = http::Problem::from(self.0);
        let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = body.retry_after_ms.map(|millis| HeaderValue::from(millis.div_ceil(1_000)));
        let json = serde_json::to_vec(&body).expect("a problem is plain text and numbers");
        let mut response = (status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, wait);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_refusal_travels_with_its_status_code_and_whole_seconds_to_wait() {
        let refusal = Refusal::new(ErrorCode::RateLimited, "Slowly.").retry_after(Duration::from_millis(1_001));
        let response = Problem(refusal).into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["retry-after"], "2");
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        let body: http::Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!((body.code, body.status, body.retry_after_ms), (ErrorCode::RateLimited, 429, Some(1_001)));
        assert_eq!(body.detail, "Slowly.");
    }

    #[test]
    fn a_fault_of_ours_is_not_told() {
        let Problem(refusal) = internal("disk /secret/place is full");
        assert_eq!(refusal.code, ErrorCode::Internal);
        assert!(!refusal.message.contains("secret"));
    }
}
