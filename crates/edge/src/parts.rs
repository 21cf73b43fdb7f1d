//! The path's and the query's parameters, with problems for answers. Must not know what they mean.

use axum::{extract::FromRequestParts, http::request::Parts};
use parlor_protocol::error::{ErrorCode, Refusal};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Parameters of the path. Where one is no id at all, there is nothing under that path: 404.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Refusal::new(ErrorCode::NotFound, "There is nothing here.").into()),
        }
    }
}

/// Parameters of the query. What does not fit is 422, as in a body.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(misfit) => Err(Refusal::unprocessable(format!("{}.", misfit.body_text())).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, extract::Request, routing::get};
    use parlor_protocol::ids::RoomId;
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u32>,
    }

    #[tokio::test]
    async fn what_does_not_fit_is_a_problem() {
        let router = Router::new().route(
            "/{room}",
            get(|Path(_): Path<RoomId>, Query(page): Query<Page>| async move { page.limit.unwrap_or(0).to_string() }),
        );
        let room = RoomId::new();
        for (uri, status, code) in [
            (format!("/{room}?limit=3"), 200, None),
            ("/general".to_owned(), 404, Some("not_found")),
            (format!("/{room}?limit=many"), 422, Some("invalid_request")),
            (format!("/{room}?color=red"), 422, Some("invalid_request")),
        ] {
            let response = router.clone().oneshot(Request::get(&uri).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), status, "{uri}");
            let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
            if let Some(code) = code {
                assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["code"], code, "{uri}");
            }
        }
    }
}
