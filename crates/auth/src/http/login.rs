//! `POST /api/auth/login`. An unknown user costs as much, takes as long and hears the same as a wrong password.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use parlor_edge::{Caller, Json, Problem, SessionToken, cookie, problem};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::{LoginAnswer, LoginRequest},
    names::Username,
    time::Timestamp,
};

use super::store_failed;
use crate::Service;

pub(super) async fn login(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Json(request): Json<LoginRequest>,
) -> Result<Response, Problem> {
    let LoginRequest { username, password, token } = request;
    // Looked at twice: here, so that whoever is over the limit takes no place in the queue; and with the turn, when
    // those before have been counted.
    service.limits.look(&username, caller.address).map_err(count_limited)?;
    let turn = service.passwords.turn().await.map_err(Refusal::from)?;
    let attempt = service.limits.attempt(&username, caller.address).map_err(count_limited)?;

    let account = match Username::parse(&username) {
        Ok(username) => service.store.account(&username).await.map_err(store_failed)?,
        Err(_) => None,
    };
    let hash = account.as_ref().map(|account| account.hash.clone());
    let right = turn.check(password, hash).await.map_err(problem::internal)?;
    let account = account.filter(|account| right && account.active).ok_or_else(invalid_credentials)?;

    let session = SessionToken::begin(account.person.id, Timestamp::now());
    if !service.store.begin_session(&session, &account.hash).await.map_err(store_failed)? {
        return Err(invalid_credentials());
    }
    attempt.succeeded();
    count("succeeded");
    let sealed = session.seal(&service.keys);
    let user = account.person;
    if token == Some(true) {
        return Ok(Json(LoginAnswer { user, token: Some(sealed.reveal().to_owned()) }).into_response());
    }
    let cookie = cookie::set(&service.site, &sealed);
    Ok(([(header::SET_COOKIE, cookie)], Json(LoginAnswer { user, token: None })).into_response())
}

fn invalid_credentials() -> Problem {
    count("failed");
    Refusal::new(ErrorCode::InvalidCredentials, "This username and password do not go together.").into()
}

fn count_limited(refusal: impl Into<Refusal>) -> Problem {
    count("limited");
    Problem(refusal.into())
}

fn count(outcome: &'static str) {
    metrics::counter!("parlor_logins_total", "outcome" => outcome).increment(1);
}
