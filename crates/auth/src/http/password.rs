//! `POST /api/auth/password`. The old one is asked for under the limits of a login, since a session may be a stolen one.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use parlor_edge::{Caller, Json, Problem, problem};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::PasswordRequest,
};

use super::store_failed;
use crate::{Service, password, session::LoggedIn, store::port::PasswordChange};

pub(super) async fn change(
    State(service): State<Arc<Service>>,
    caller: Caller,
    LoggedIn { token, person }: LoggedIn,
    Json(PasswordRequest { old, new }): Json<PasswordRequest>,
) -> Result<StatusCode, Problem> {
    password::check_chosen(&new)?;
    let username = person.username.as_str();
    service.limits.look(username, caller.address).map_err(Refusal::from)?;
    let turn = service.passwords.turn().await.map_err(Refusal::from)?;
    let attempt = service.limits.attempt(username, caller.address).map_err(Refusal::from)?;

    let account = service.store.account(&person.username).await.map_err(store_failed)?;
    let hash = account.map(|account| account.hash);
    let right = turn.check(old, hash.clone()).await.map_err(problem::internal)?;
    let Some(old) = hash.filter(|_| right) else { return Err(wrong_old()) };
    attempt.succeeded();

    let new = turn.hash(new).await.map_err(problem::internal)?;
    drop(turn);
    let change = PasswordChange { person: person.id, old, new, keep: token.session };
    if !service.store.change_password(&change).await.map_err(store_failed)? {
        return Err(wrong_old()); // it was changed elsewhere meanwhile
    }
    service.announce().await;
    Ok(StatusCode::NO_CONTENT)
}

fn wrong_old() -> Problem {
    Refusal::new(ErrorCode::InvalidCredentials, "This is not your present password.").with_status(403).into()
}
