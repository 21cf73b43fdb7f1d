//! The answers of an API to a path or a method that it does not have. Must not know what it has.

use axum::Router;
use parlor_protocol::error::{ErrorCode, Refusal};

use crate::problem::Problem;

/// Gives a router of an API these answers. Called last: it sees only the routes that are there already.
pub fn with_fallbacks<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.fallback(unknown_path).method_not_allowed_fallback(wrong_method)
}

/// 404 as a problem.
pub async fn unknown_path() -> Problem {
    Refusal::new(ErrorCode::NotFound, "There is nothing here.").into()
}

/// 405 as a problem.
pub async fn wrong_method() -> Problem {
    Refusal::new(ErrorCode::MethodNotAllowed, "This path does not take that method.").into()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn unknown_paths_and_wrong_methods_are_problems() {
        let router = with_fallbacks(Router::new().route("/api/rooms", get(|| async { "rooms" })));
        for (method, path, status) in
            [("GET", "/api/rooms", 200), ("DELETE", "/api/rooms", 405), ("GET", "/api/elsewhere", 404)]
        {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
            if status != 200 {
                assert_eq!(response.headers()["content-type"], "application/problem+json");
            }
            if status == 405 {
                assert_eq!(response.headers()["allow"], "GET,HEAD");
            }
        }
    }
}
