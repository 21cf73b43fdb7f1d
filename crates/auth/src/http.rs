//! The calls, one file each. Must not know how anything is stored or hashed.

mod events;
mod login;
mod logout;
mod me;
mod password;
mod users;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use parlor_edge::{Problem, fallback, problem};
use parlor_protocol::error::{ErrorCode, Refusal};

use crate::{Service, store::port::StoreError};

pub(crate) fn router(service: Arc<Service>) -> Router {
    let routes = Router::new()
        .route("/api/auth/login", post(login::login))
        .route("/api/auth/logout", post(logout::logout))
        .route("/api/auth/me", get(me::me))
        .route("/api/auth/password", post(password::change))
        .route("/api/users", get(users::users))
        .route("/internal/events", get(events::events));
    fallback::with_fallbacks(routes).with_state(service)
}

pub(crate) fn store_failed(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => {
            tracing::warn!(%error, "a call found no store");
            let refusal = Refusal::new(ErrorCode::Unavailable, "Accounts cannot be reached just now.");
            refusal.retry_after(Duration::from_secs(1)).into()
        }
        StoreError::Failed(_) => problem::internal(error),
    }
}

#[cfg(test)]
mod tests;
