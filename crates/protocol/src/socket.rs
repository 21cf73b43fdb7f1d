//! The frames of `GET /ws`: one JSON object a text frame, `type` says which.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    auth::Person,
    error::{ErrorCode, Refusal},
    http::Room,
    ids::{AuthorId, MessageId, RoomId, Seq},
    limits,
    text::Text,
    time::Timestamp,
};

mod parse;

/// What a browser or client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schemars(deny_unknown_fields)]
pub enum ClientFrame {
    /// Says something in a room.
    Message {
        /// Chosen by the client, best a UUID v7; the message's id for ever. The same one again stores nothing.
        id: MessageId,
        /// A room's id; one that is no id at all is an unknown room.
        room: String,
        text: Text,
    },
    /// Gives a command.
    Command {
        /// Chosen by the client; the same one again repeats `accepted` and the outcome.
        id: MessageId,
        room: String,
        /// The command line: `/stock aapl.us` or `/stock=aapl.us`.
        text: Text,
    },
    /// Asks for what has been missed.
    Resume {
        /// Room id to the last `seq` seen, at most 500.
        #[schemars(extend("maxProperties" = limits::RESUME_ROOMS))]
        rooms: BTreeMap<String, Seq>,
    },
}

/// A frame that was refused, with the `id` it carried as far as one could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFrame {
    pub id: Option<String>,
    pub refusal: Refusal,
}

/// Who wrote something. `name` is the present one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Author {
    pub id: AuthorId,
    pub name: String,
    pub bot: bool,
}

impl Author {
    #[must_use]
    pub fn person(person: &Person) -> Self {
        Self { id: AuthorId::Person(person.id), name: person.name.as_str().to_owned(), bot: false }
    }
}

/// A message in its present state; a deleted one has an empty text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Message {
    pub id: MessageId,
    pub room: RoomId,
    pub seq: Seq,
    pub author: Author,
    pub text: String,
    pub created: Timestamp,
    pub edited: Option<Timestamp>,
    pub deleted: bool,
    /// The command this message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub command_id: Option<MessageId>,
    /// Who asked for it, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub asked: Option<Box<Asked>>,
    /// Where a bot's answer comes from, and figures beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub details: Option<Details>,
}

/// The question that a bot's message answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Asked {
    pub by: Author,
    /// The command line as it was written.
    pub line: String,
}

/// What stands beside a bot's answer; the text must make sense without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Where the answer comes from, e.g. `stooq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub source: Option<String>,
    /// The moment the answer speaks of, as its source words it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub as_of: Option<String>,
    /// Label and value, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Fact>>", optional)]
    pub facts: Vec<Fact>,
}

/// One figure with its label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// What an entry of kind `room_changed` changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RoomChanges {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub topic: Option<String>,
}

/// A public room as everybody sees it, without what is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PublicRoom {
    pub id: RoomId,
    pub name: String,
    pub kind: crate::http::RoomKind,
    pub topic: String,
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// First on every socket, which is live for exactly these rooms, from their `last_seq` on.
    Hello { protocol: u32, user: Person, rooms: Vec<Room> },
    /// The message is durable under `seq`.
    Ack { id: MessageId, room: RoomId, seq: Seq },
    /// An entry: a message.
    Message(Message),
    /// An entry: a message was edited.
    MessageEdited {
        room: RoomId,
        seq: Seq,
        message: MessageId,
        /// The present text, empty if the message has been deleted since.
        text: String,
        edited: Timestamp,
    },
    /// An entry: a message was deleted.
    MessageDeleted { room: RoomId, seq: Seq, message: MessageId },
    /// An entry: somebody became a member.
    MemberJoined { room: RoomId, seq: Seq, user: Person },
    /// An entry: somebody is no member any more.
    MemberLeft { room: RoomId, seq: Seq, user: Person },
    /// An entry: the room itself changed.
    RoomChanged { room: RoomId, seq: Seq, changes: RoomChanges, by: Author },
    /// All entries up to `seq` have been replayed.
    Resumed { room: RoomId, seq: Seq },
    /// Too much is missing: load the history and go on from its `last_seq`.
    Reset { room: RoomId, seq: Seq },
    /// A new public room, to everyone.
    RoomCreated { room: PublicRoom },
    /// One became a member.
    RoomJoined { room: Room },
    /// One is no member (any more); the room's last frame. `room` is as it was asked for.
    RoomGone { room: String },
    /// A person's own read position.
    Read { room: RoomId, read_seq: Seq, unread: u64 },
    /// A person's name changed, on old messages too.
    PersonRenamed { user: Person },
    /// The command's invocation is durable; its deadline counts from now.
    Accepted { id: MessageId, room: RoomId },
    /// How far a command's work has come; may be lost.
    Progress { id: MessageId, fraction: Fraction, text: String },
    /// A command's outcome for the asker alone; not in the log.
    Answer { id: MessageId, room: RoomId, author: Author, text: String },
    /// A request was refused, or a command failed; only to the connection that asked.
    Error {
        /// The request's, or null.
        id: Option<String>,
        code: ErrorCode,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        retry_after_ms: Option<u64>,
        /// The character of the command line at fault, counted from 0.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        position: Option<u32>,
    },
}

impl ServerFrame {
    #[must_use]
    pub fn error(id: Option<String>, refusal: Refusal) -> Self {
        Self::Error {
            id,
            code: refusal.code,
            message: refusal.message,
            retry_after_ms: refusal.retry_after_ms,
            position: refusal.position,
        }
    }
    /// The frame's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("frames hold nothing that JSON cannot")
    }
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// `too_large` above 128 KiB or the text's limits, `invalid_request` for anything but exactly one of the
    /// client's frames; with the `id` if one could be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, RefusedFrame> {
        parse::parse(bytes)
    }
}

/// A share of the whole, from 0 to 1, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, TS)]
#[schemars(with = "f64", extend("minimum" = 0, "maximum" = 1))]
#[ts(type = "number")]
pub struct Fraction(u16);

impl Fraction {
    /// The nearest share; what is no number counts as nothing done.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 first")]
    pub fn of(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * 1_000.0).round() as u16)
    }
}
impl Serialize for Fraction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 1_000.0)
    }
}
impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::of)
    }
}

/// A close code and its meaning for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// The server stops: reconnect after 0 to 2 s, spread.
    GoingAway,
    /// A frame broke the websocket protocol itself (RFC 6455).
    ProtocolError,
    /// A text frame was no UTF-8.
    InvalidUtf8,
    /// A frame over 1 MiB.
    TooBig,
    /// The session ended: log in.
    SessionEnded,
    /// The client reads too slowly: reconnect and resume.
    TooSlow,
    /// More sockets than one person may have.
    TooManyConnections,
}

impl CloseCode {
    /// Every one, in the order of the codes.
    pub const ALL: [Self; 7] = [
        Self::GoingAway,
        Self::ProtocolError,
        Self::InvalidUtf8,
        Self::TooBig,
        Self::SessionEnded,
        Self::TooSlow,
        Self::TooManyConnections,
    ];
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::ProtocolError => 1002,
            Self::InvalidUtf8 => 1007,
            Self::TooBig => 1009,
            Self::SessionEnded => 4401,
            Self::TooSlow => 4408,
            Self::TooManyConnections => 4429,
        }
    }
    /// A few words for the close frame's reason.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "the server stops, reconnect within 2 s",
            Self::ProtocolError => "not the websocket protocol",
            Self::InvalidUtf8 => "a text frame must be UTF-8",
            Self::TooBig => "a frame has at most 1 MiB",
            Self::SessionEnded => "the session ended, log in",
            Self::TooSlow => "too slow, reconnect and resume",
            Self::TooManyConnections => "too many connections of one person",
        }
    }
}
