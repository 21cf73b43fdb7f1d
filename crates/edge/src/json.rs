//! JSON bodies, read strictly, and JSON answers. Must not know what the bodies mean.

use std::error::Error;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    limits,
};
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};

use crate::{body::TooSlow, problem::Problem};

/// As an argument: a body that is `application/json` and exactly a `T`. As an answer: `T` in JSON.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let message = "The body must be application/json.";
            return Err(Refusal::new(ErrorCode::UnsupportedMediaType, message).into());
        }
        let (parts, body) = request.into_parts();
        let body = whole(&parts.headers, body).await?;
        parse(&body).map(Self).map_err(Problem)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// All of a body, within its limits, for whoever hands it on.
///
/// # Errors
/// `too_large`; `invalid_request` for one that breaks off or takes too long.
pub async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if announced(headers) > limits::BODY_BYTES as u64 {
        return Err(too_large()); // not worth waiting for
    }
    to_bytes(body, limits::BODY_BYTES).await.map_err(|error| unreadable(&error))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The size a body says it has; a chunked one says nothing.
fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

fn too_large() -> Problem {
    Refusal::new(ErrorCode::TooLarge, format!("The body is larger than {} bytes.", limits::BODY_BYTES)).into()
}

fn unreadable(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return too_large();
        }
        if error.is::<TooSlow>() {
            return Refusal::new(ErrorCode::InvalidRequest, "The body took too long to arrive.")
                .with_status(408)
                .into();
        }
        cause = error.source();
    }
    Refusal::new(ErrorCode::InvalidRequest, "The body could not be read.").into()
}

/// Broken JSON is 400; JSON that is no `T` is 422, even where a break would have come after the misfit.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // A list would pass for the object whose fields it holds in their order.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let error = match serde_json::from_slice(body) {
        Ok(value) if is_object => return Ok(value),
        Ok(_) => return Err(Refusal::unprocessable("The body must be an object.")),
        Err(error) => error,
    };
    match serde_json::from_slice::<IgnoredAny>(body) {
        Ok(_) => Err(Refusal::unprocessable(format!("The body does not fit: {error}."))),
        Err(error) => Err(Refusal::new(ErrorCode::InvalidRequest, format!("The body is no valid JSON: {error}."))),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::post};
    use parlor_protocol::http::EditRequest;
    use tower::ServiceExt;

    use super::*;

    async fn status_and_code(content_type: Option<&str>, body: impl Into<Body>) -> (u16, String) {
        let router = Router::new().route("/", post(|Json(edit): Json<EditRequest>| async move { Json(edit) }));
        let mut request = Request::post("/");
        if let Some(value) = content_type {
            request = request.header("content-type", value);
        }
        let response = router.oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), limits::BODY_BYTES).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }

    #[tokio::test]
    async fn only_json_of_the_right_shape_comes_in() {
        let json = Some("application/json");
        let large = format!("{{\"text\":\"{}\"}}", "x".repeat(limits::BODY_BYTES));
        let cases: [(Option<&str>, String, u16, &str); 13] = [
            (json, r#"{"text":"hi"}"#.into(), 200, ""),
            (Some("Application/JSON; charset=utf-8"), r#"{"text":"hi"}"#.into(), 200, ""),
            (None, r#"{"text":"hi"}"#.into(), 415, "unsupported_media_type"),
            (Some("text/plain"), r#"{"text":"hi"}"#.into(), 415, "unsupported_media_type"),
            (Some("application/jsonp"), r#"{"text":"hi"}"#.into(), 415, "unsupported_media_type"),
            (json, String::new(), 400, "invalid_request"),
            (json, r#"{"text":"hi""#.into(), 400, "invalid_request"),
            (json, r#"{"text":"hi"} more"#.into(), 400, "invalid_request"),
            (json, r#"{"text":1, oops"#.into(), 400, "invalid_request"),
            (json, r#"{"text":1}"#.into(), 422, "invalid_request"),
            (json, r#"{"text":"hi","author":"me"}"#.into(), 422, "invalid_request"),
            (json, r#"["hi"]"#.into(), 422, "invalid_request"),
            (json, large, 413, "too_large"),
        ];
        for (content_type, body, status, code) in cases {
            let shown: String = body.chars().take(40).collect();
            assert_eq!(status_and_code(content_type, body).await, (status, code.to_owned()), "{shown}");
        }
    }
}
