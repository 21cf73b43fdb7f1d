//! The one layer around a service's router. Must not know the service.

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use ipnet::IpNet;
use parlor_protocol::error::Refusal;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{client::Caller, headers, keys::Keys, origin::Site, problem, problem::Problem, watch::Watch};

/// Lets requests in and dresses answers on their way out.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Knowledge>);

#[derive(Debug)]
struct Knowledge {
    site: Site,
    keys: Keys,
    trusted: Vec<IpNet>,
}

/// Marks a request that an outer guard has let in, where one service's router stands within another's.
#[derive(Debug, Clone, Copy)]
struct LetIn;

impl Guard {
    /// `trusted`: the proxies whose `X-Forwarded-For` counts.
    #[must_use]
    pub fn new(site: Site, keys: Keys, trusted: Vec<IpNet>) -> Self {
        Self(Arc::new(Knowledge { site, keys, trusted }))
    }

    /// Puts the guard around everything that is in the router already, its fallback included.
    pub fn around(&self, router: Router) -> Router {
        router.layer(CatchPanicLayer::custom(after_panic)).layer(from_fn_with_state(self.clone(), stand_guard))
    }

    /// A sister service has checked its own caller, and calls by another host.
    fn admit(&self, caller: Caller, request: &Request) -> Result<(), Refusal> {
        if caller.internal {
            return Ok(());
        }
        self.0.site.check_host(request.uri(), request.headers())?;
        self.0.site.check_call(request.method(), request.headers())
    }
}

async fn stand_guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    if request.extensions().get::<LetIn>().is_some() {
        return next.run(request).await;
    }
    let Knowledge { site, keys, trusted } = &*guard.0;
    let watch = Watch::begin(&request);
    let caller = Caller::of(request.extensions(), request.headers(), trusted, keys);
    let path = request.uri().path().to_owned();
    let mut response = match guard.admit(caller, &request) {
        Ok(()) => {
            request.extensions_mut().insert(LetIn);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => Problem(refusal).into_response(),
    };
    headers::secure(response.headers_mut(), &path, site.https());
    watch.end(response.status());
    response
}

/// What the panic said may hold a request's contents, so it goes nowhere.
fn after_panic(_said: Box<dyn Any + Send>) -> Response {
    metrics::counter!("parlor_http_panics_total").increment(1);
    problem::internal("a handler panicked").into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use tower::ServiceExt;

    use super::*;

    fn keys() -> Keys {
        Keys::derive("a secret of at least 32 characters").unwrap()
    }

    fn guarded(demo: bool) -> Router {
        let guard = Guard::new(Site::new(None, demo).unwrap(), keys(), vec![]);
        let routes = Router::new().route("/api/who", get(who).post(who)).route("/api/panic", get(panics));
        guard.around(crate::fallback::with_fallbacks(routes))
    }

    async fn panics() -> &'static str {
        panic!("the password was hunter2")
    }

    async fn who(caller: Caller) -> String {
        format!("{} {}", caller.address, caller.internal)
    }

    async fn call(router: &Router, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String, Response) {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (parts.status.as_u16(), text, Response::from_parts(parts, Body::empty()))
    }

    #[tokio::test]
    async fn every_answer_is_dressed_refusals_and_panics_too() {
        let router = guarded(true);
        let local = ("host", "localhost:8080");
        for (method, path, headers, status) in [
            ("GET", "/api/who", vec![local], 200),
            ("GET", "/api/nothing", vec![local], 404),
            ("DELETE", "/api/who", vec![local], 405),
            ("POST", "/api/who", vec![local, ("origin", "http://evil.example")], 403),
            ("POST", "/api/who", vec![local, ("origin", "http://localhost:8080")], 200),
            ("GET", "/api/who", vec![("host", "evil.example")], 421),
            ("GET", "/api/panic", vec![local], 500),
        ] {
            let (got, text, response) = call(&router, method, path, &headers).await;
            assert_eq!(got, status, "{method} {path}");
            assert!(!text.contains("hunter2"));
            assert_eq!(response.headers()["content-security-policy"], headers::CONTENT_SECURITY_POLICY);
            assert_eq!(response.headers()["cache-control"], "no-store");
            if status != 200 {
                assert_eq!(response.headers()["content-type"], "application/problem+json", "{method} {path}");
            }
        }
    }

    #[tokio::test]
    async fn a_sister_service_passes_whatever_its_host_and_an_inner_guard_stands_aside() {
        let key = keys().internal_header();
        let headers = [
            ("host", "auth.internal"),
            ("origin", "http://localhost:8080"),
            (crate::INTERNAL_KEY_HEADER, key.to_str().unwrap()),
            (crate::CLIENT_HEADER, "203.0.113.9"),
        ];
        let (status, text, _) = call(&guarded(true), "POST", "/api/who", &headers).await;
        assert_eq!((status, text.as_str()), (200, "203.0.113.9 true"));

        let outer = Guard::new(Site::new(Some("https://chat.example.org"), false).unwrap(), keys(), vec![]);
        let nested = outer.around(guarded(true));
        let from_page = [("host", "chat.example.org"), ("origin", "https://chat.example.org")];
        let (status, text, response) = call(&nested, "POST", "/api/who", &from_page).await;
        assert_eq!((status, text.as_str()), (200, "0.0.0.0 false"));
        assert!(response.headers().contains_key("strict-transport-security"));
    }
}
