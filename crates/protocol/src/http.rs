//! Bodies of the HTTP calls under `/api`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    auth::Person,
    error::{ErrorCode, Refusal},
    ids::{PersonId, RoomId, Seq},
    limits,
    names::{Name, Username},
    socket::Message,
    text::Text,
};

pub mod calls;

/// An error's body, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Problem {
    /// `about:blank`: the status and `code` say it all.
    pub r#type: String,
    pub title: String,
    pub status: u16,
    /// For the person who asked.
    pub detail: String,
    /// For programs; stable.
    pub code: ErrorCode,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub retry_after_ms: Option<u64>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            r#type: "about:blank".to_owned(),
            title: refusal.code.as_str().replace('_', " "),
            status: refusal.status(),
            detail: refusal.message,
            code: refusal.code,
            retry_after_ms: refusal.retry_after_ms,
        }
    }
}

/// A password on its way in; logs never show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct Password(pub String);
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// `GET /api/info`: what a page needs before anybody has logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Info {
    pub name: String,
    pub protocol: u32,
    pub demo: bool,
    /// Who may log in, in demo mode; else empty.
    pub demo_people: Vec<Username>,
}

/// `POST /api/auth/login`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Any text: one that is no username gets the answer of an unknown one.
    pub username: String,
    pub password: Password,
    /// Answer with a bearer token in place of a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct LoginAnswer {
    pub user: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub token: Option<String>,
}

/// `GET /api/auth/me`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Me {
    pub user: Person,
}

/// `POST /api/auth/password`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct PasswordRequest {
    pub old: Password,
    #[schemars(extend("minLength" = limits::PASSWORD_MIN_CHARS))]
    pub new: Password,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Everybody sees it and may join.
    Public,
    /// Only its members know of it.
    Private,
    /// Two people; cannot be left.
    Direct,
}

/// A room as one person sees it; the last three for members only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Room {
    pub id: RoomId,
    /// In a direct room, the other person's.
    pub name: String,
    pub kind: RoomKind,
    pub topic: String,
    pub member: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_seq: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub read_seq: Option<Seq>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub unread: Option<u64>,
    /// In a direct room, the other person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub with: Option<Person>,
}

/// `POST /api/rooms`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    #[schemars(with = "Name")]
    pub name: String,
    pub kind: NewRoomKind,
}

/// What kind of room can be made by name; direct rooms come by `POST /api/direct`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum NewRoomKind {
    Public,
    Private,
}

/// `POST /api/rooms/{id}/members` and `POST /api/direct`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct PersonRequest {
    #[schemars(with = "PersonId")]
    pub user_id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Member,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Member {
    pub user: Person,
    pub role: Role,
}

/// `GET /api/rooms/{id}/messages`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct History {
    /// Ascending `seq`, in their present state.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction asked.
    pub has_more: bool,
    /// The room's last entry when this page was read.
    pub last_seq: Seq,
}

/// `PATCH /api/rooms/{id}/messages/{message_id}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    #[schemars(with = "Text")]
    pub text: String,
}

/// `PUT /api/rooms/{id}/read`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct ReadRequest {
    pub seq: Seq,
}

/// `GET /api/commands`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Commands {
    pub commands: Vec<Command>,
}

/// A command as help and completion show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Command {
    pub name: String,
    /// Whose it is; the chat's own commands belong to `parlor`.
    pub bot: String,
    pub summary: String,
    pub usage: String,
    /// JSON Schema (2020-12) of the arguments; `x-order` lists them as they stand in the line.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    #[ts(type = "Record<string, unknown>")]
    pub arguments: serde_json::Value,
    pub deadline_ms: u64,
}

/// Readiness, `GET /readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    pub ready: bool,
    /// Parts that are missing and that the service can live without.
    pub degraded: Vec<String>,
}
