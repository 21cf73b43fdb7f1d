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
    #[must_use]
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
