//! What auth tells the other services: its people, and its numbered log of events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    ids::{PersonId, SessionId},
    names::{Name, Username},
    time::Timestamp,
};

/// A person's account as everyone may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Person {
    pub id: PersonId,
    pub username: Username,
    /// The name the person is shown by.
    pub name: Name,
}

/// One entry of auth's log. Numbers start at 1 and have no gaps, so whoever has applied `n` asks for what
/// comes after `n`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthEvent {
    pub n: u64,
    #[serde(flatten)]
    pub change: AuthChange,
}

/// What happened to an account or a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AuthChange {
    PersonAdded { person: Person },
    PersonRenamed { person: Person },
    PersonDeactivated { person: PersonId },
    SessionRevoked { session: SessionId, person: PersonId, expires: Timestamp },
}

/// The answer to `GET /internal/events?after=N`: at most 1,000 events, ascending. With `&wait=<ms>` auth answers
/// only when there is one, or with none when the time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthEvents {
    pub events: Vec<AuthEvent>,
    /// The number of auth's last event.
    pub last: u64,
}
