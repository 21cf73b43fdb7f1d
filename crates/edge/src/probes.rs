//! `/healthz`, `/readyz` and `/metrics`, for those who run the service. Must not know its parts but by name.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Extension, Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http,
};
use subtle::ConstantTimeEq;

use crate::{Json, Problem, client::Peer, cookie::bearer, fallback::wrong_method};

/// Whether the service can take traffic, shared by the parts that know.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    phase: Phase,
    /// Parts without which nothing works.
    lost: BTreeSet<String>,
    /// Parts that are missing and that the service can live without.
    degraded: BTreeSet<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Ready,
    Draining,
}

impl Readiness {
    /// Of a service that is starting.
    #[must_use]
    pub fn starting() -> Self {
        Self::default()
    }
    /// Started; nothing brings a draining service back.
    pub fn ready(&self) {
        let mut known = self.lock();
        if known.phase == Phase::Starting {
            known.phase = Phase::Ready;
        }
    }
    pub fn draining(&self) {
        self.lock().phase = Phase::Draining;
    }
    /// A part is missing that the service can live without.
    pub fn degrade(&self, part: &str) {
        self.lock().degraded.insert(part.to_owned());
    }
    /// A part is missing that nothing works without, as the store.
    pub fn lose(&self, part: &str) {
        self.lock().lost.insert(part.to_owned());
    }
    /// A part is there (again).
    pub fn restore(&self, part: &str) {
        let mut known = self.lock();
        known.degraded.remove(part);
        known.lost.remove(part);
    }
    /// As `/readyz` tells it.
    #[must_use]
    pub fn now(&self) -> http::Readiness {
        let known = self.lock();
        let ready = known.phase == Phase::Ready && known.lost.is_empty();
        http::Readiness { ready, degraded: known.lost.union(&known.degraded).cloned().collect() }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Every change is one call on a set or a plain field, so a panic elsewhere leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who may read the metrics, and where they come from.
#[derive(Clone)]
pub struct Metrics {
    render: Arc<dyn Fn() -> String + Send + Sync>,
    /// Opens them to whoever is not on this machine.
    token: Option<Arc<str>>,
}

impl Metrics {
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static, token: Option<&str>) -> Self {
        Self { render: Arc::new(render), token: token.map(Into::into) }
    }

    /// From this machine itself, or with the token. What a proxy on this machine passes on is not from this machine.
    fn check(&self, peer: Option<Peer>, headers: &HeaderMap) -> Result<(), Refusal> {
        let passed_on = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
        let own = peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback()) && !passed_on;
        let Some(token) = &self.token else {
            let refusal = || Refusal::new(ErrorCode::Forbidden, "Metrics are for this machine itself.");
            return own.then_some(()).ok_or_else(refusal);
        };
        let given = bearer(headers).unwrap_or_default();
        if own || bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::NotLoggedIn, "Metrics need the metrics token as a bearer."))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("token", &self.token.is_some()).finish_non_exhaustive()
    }
}

/// The three paths, to be merged into a service's router.
pub fn router(readiness: Readiness, metrics: Metrics) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(show_metrics).with_state(metrics))
        .method_not_allowed_fallback(wrong_method)
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let now = readiness.now();
    let status = if now.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(now)).into_response()
}

async fn show_metrics(State(metrics): State<Metrics>, peer: Option<Extension<Peer>>, headers: HeaderMap) -> Response {
    match metrics.check(peer.map(|Extension(peer)| peer), &headers) {
        Ok(()) => {
            let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            ([(header::CONTENT_TYPE, text)], (metrics.render)()).into_response()
        }
        Err(refusal) => {
            let ask = refusal.code == ErrorCode::NotLoggedIn;
            let mut response = Problem(refusal).into_response();
            if ask {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};
    use tower::ServiceExt;

    use super::*;

    async fn get_ready(router: &Router) -> (u16, http::Readiness) {
        let response = router.clone().oneshot(Request::get("/readyz").body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn ready_means_started_not_draining_and_with_all_that_is_needed() {
        let readiness = Readiness::starting();
        let router = router(readiness.clone(), Metrics::new(String::new, None));
        assert_eq!(get_ready(&router).await.0, 503);
        readiness.ready();
        assert_eq!(get_ready(&router).await, (200, http::Readiness { ready: true, degraded: vec![] }));
        readiness.degrade("broker");
        assert_eq!(get_ready(&router).await, (200, http::Readiness { ready: true, degraded: vec!["broker".into()] }));
        readiness.lose("store");
        assert_eq!(get_ready(&router).await.0, 503);
        readiness.restore("store");
        readiness.restore("broker");
        assert_eq!(get_ready(&router).await.0, 200);
        readiness.draining();
        readiness.ready();
        assert_eq!(get_ready(&router).await.0, 503);
    }

    async fn metrics_status(token: Option<&str>, peer: Option<&str>, pairs: &[(&str, &str)]) -> u16 {
        let router = router(Readiness::starting(), Metrics::new(|| "parlor_up 1\n".into(), token));
        let mut request = Request::get("/metrics");
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        }
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn metrics_are_for_this_machine_and_for_the_token() {
        let (here, elsewhere) = (Some("127.0.0.1:9"), Some("203.0.113.9:9"));
        assert_eq!(metrics_status(None, here, &[]).await, 200);
        assert_eq!(metrics_status(None, Some("[::ffff:127.0.0.1]:9"), &[]).await, 200);
        assert_eq!(metrics_status(None, here, &[("x-forwarded-for", "203.0.113.9")]).await, 403);
        assert_eq!(metrics_status(None, elsewhere, &[]).await, 403);
        assert_eq!(metrics_status(None, None, &[]).await, 403);
        assert_eq!(metrics_status(Some("open sesame"), elsewhere, &[]).await, 401);
        assert_eq!(metrics_status(Some("open sesame"), elsewhere, &[("authorization", "Bearer sesame")]).await, 401);
        assert_eq!(
            metrics_status(Some("open sesame"), elsewhere, &[("authorization", "Bearer open sesame")]).await,
            200
        );
        assert_eq!(metrics_status(Some("open sesame"), here, &[]).await, 200);
    }
}
