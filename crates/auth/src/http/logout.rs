//! `POST /api/auth/logout`. Answers after the commit: from then on the session opens nothing anywhere that can look.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use parlor_edge::{Problem, cookie};

use super::store_failed;
use crate::{Service, session::LoggedIn};

pub(super) async fn logout(
    State(service): State<Arc<Service>>,
    LoggedIn { token, .. }: LoggedIn,
) -> Result<impl IntoResponse, Problem> {
    service.store.end_session(token.session).await.map_err(store_failed)?;
    service.announce().await;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::clear(&service.site))]))
}
