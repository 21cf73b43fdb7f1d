//! Who is logged in: a token that opens, and a session that auth's own table still has. Must not know how it began.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use parlor_edge::{Problem, SessionToken, cookie};
use parlor_protocol::{
    auth::Person,
    error::{ErrorCode, Refusal},
    time::Timestamp,
};

use crate::{Service, http::store_failed};

/// A live session, as an argument of the calls that need one.
#[derive(Debug, Clone)]
pub(crate) struct LoggedIn {
    pub(crate) token: SessionToken,
    pub(crate) person: Person,
}

impl FromRequestParts<Arc<Service>> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Problem> {
        Self::find(service, &parts.headers).await
    }
}

impl LoggedIn {
    async fn find(service: &Service, headers: &HeaderMap) -> Result<Self, Problem> {
        let not_logged_in = || Problem(Refusal::new(ErrorCode::NotLoggedIn, "Please log in."));
        let now = Timestamp::now();
        let token = cookie::token(&service.site, headers).ok_or_else(not_logged_in)?;
        let token = SessionToken::open(token, &service.keys, now).map_err(|_| not_logged_in())?;
        let person = service.store.session(token.session, now).await.map_err(store_failed)?;
        let person = person.filter(|person| person.id == token.person).ok_or_else(not_logged_in)?;
        Ok(Self { token, person })
    }
}
