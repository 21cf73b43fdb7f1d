//! Who asks: the only maker of a [`Who`], from the session token alone. Auth need not be reached for it.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::HeaderMap, http::request::Parts};
use parlor_edge::{Problem, SessionToken, cookie};
use parlor_protocol::{
    auth::Person,
    error::{ErrorCode, Refusal},
    ids::SessionId,
    time::Timestamp,
};

use crate::node::Node;

/// A person with a live session. Nothing in a request but its token makes one.
#[derive(Debug, Clone)]
pub struct Who {
    person: Person,
    session: SessionId,
    session_ends: Timestamp,
}

impl Who {
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }
    #[must_use]
    pub fn session_ends(&self) -> Timestamp {
        self.session_ends
    }

    /// # Errors
    /// `not_logged_in`
    pub async fn of(node: &Node, headers: &HeaderMap) -> Result<Self, Refusal> {
        let token = cookie::bearer(headers).or_else(|| cookie::token(&node.config.site, headers));
        let token = token.ok_or_else(not_logged_in)?;
        let token = SessionToken::open(token, &node.config.keys, Timestamp::now()).map_err(|_| not_logged_in())?;
        if node.people.active(token.person).is_none() {
            // The token is ours, so auth knows the person: auth's news have not arrived yet.
            node.people.catch_up(node).await;
        }
        let person = node.people.active(token.person).ok_or_else(not_logged_in)?;
        if node.people.is_revoked(token.session) {
            return Err(not_logged_in());
        }
        Ok(Self { person, session: token.session, session_ends: token.expires })
    }

    /// The same person, under the present name.
    #[must_use]
    pub fn refreshed(&self, node: &Node) -> Option<Person> {
        node.people.active(self.person.id)
    }
}

fn not_logged_in() -> Refusal {
    Refusal::new(ErrorCode::NotLoggedIn, "Log in first.")
}

impl FromRequestParts<Arc<Node>> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, node: &Arc<Node>) -> Result<Self, Problem> {
        Ok(Self::of(node, &parts.headers).await?)
    }
}
