//! The port: what the chat asks of its database. Every method is one transaction.

use async_trait::async_trait;
use parlor_protocol::{
    auth::Person,
    broker::CommandSpec,
    error::ErrorCode,
    http::{Member, Role, RoomKind},
    ids::{MessageId, PersonId, RoomId, Seq, SessionId},
    names::Name,
    socket::{Author, Message},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::log::entry::{Append, Appended, Entry};

/// The database did not do what it was asked; nothing was changed as far as anybody can tell.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(#[from] pub anyhow::Error);

pub type Result<T> = std::result::Result<T, StoreError>;

#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug + 'static {
    // ---- the log ----

    /// Gives the batch its numbers and keeps it, in one durable transaction: what is there already keeps its
    /// number, authors are members at that moment, numbers have no gaps. One answer an append, in order.
    async fn append(&self, batch: &[Append]) -> Result<Vec<Appended>>;
    /// Entries above `after` and up to `upto`, ascending, messages in their present state.
    async fn entries(&self, room: RoomId, after: Seq, upto: Seq, limit: u32) -> Result<Vec<Entry>>;
    /// `None` if there is no such room.
    async fn last_seq(&self, room: RoomId) -> Result<Option<Seq>>;
    /// A page of messages, ascending, whether there are more in the direction asked, and the room's last number,
    /// all of one moment.
    async fn history(&self, room: RoomId, page: Page, limit: u32) -> Result<(Vec<Message>, bool, Seq)>;
    /// The number of this author's message of that id in that room, if it was stored.
    async fn posted(&self, id: MessageId, room: RoomId, author: PersonId) -> Result<Option<Seq>>;

    // ---- rooms and members ----

    /// A room with its founding members, the first of them its owner. A public name in use gives
    /// [`Opened::NameTaken`].
    async fn create_room(&self, room: &Room, founders: &[PersonId]) -> Result<Opened>;
    /// The one room of these two, made now if there is none.
    async fn direct_room(&self, room: &Room, one: PersonId, other: PersonId) -> Result<Opened>;
    async fn room(&self, room: RoomId) -> Result<Option<Room>>;
    /// The room, and what the person is in it.
    async fn member_of(&self, room: RoomId, person: PersonId) -> Result<Option<(Room, Option<MemberOf>)>>;
    /// The rooms a person is a member of.
    async fn rooms_of(&self, person: PersonId) -> Result<Vec<RoomId>>;
    /// Rooms as the person sees them, by name.
    async fn views(&self, person: PersonId, scope: Scope) -> Result<Vec<RoomView>>;
    /// What the person has not read in a room, of the entries up to `upto`.
    async fn unread(&self, room: RoomId, person: PersonId, upto: Seq) -> Result<u64>;
    async fn members(&self, room: RoomId) -> Result<Vec<Member>>;
    /// Moves read positions forward (never back, never beyond the last entry), in one durable transaction. One answer a
    /// position, in order, of the moment after all of them; `None` for who is no member.
    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<ReadUpto>>>;

    // ---- people, as auth tells of them ----

    /// Everybody who was ever told of; whether still active.
    async fn people(&self) -> Result<Vec<(Person, bool)>>;
    async fn save_people(&self, people: &[(Person, bool)]) -> Result<()>;
    /// The number of the last event that was applied, and the sessions revoked and not yet expired.
    async fn auth_state(&self) -> Result<(u64, Vec<(SessionId, Timestamp)>)>;
    async fn advance_auth(&self, n: u64, revoked: &[(SessionId, Timestamp)]) -> Result<()>;

    // ---- commands ----

    /// Takes or renews a command for a bot until `lease_until`, unless another bot holds it at `now`.
    async fn claim(&self, claim: &Claim, now: Timestamp) -> Result<Claimed>;
    /// Claims whose lease has not ended at `now`.
    async fn claims(&self, now: Timestamp) -> Result<Vec<Claim>>;
    /// Records an invocation, unless its id is known: then that one is given back.
    async fn begin(&self, invocation: &NewInvocation) -> Result<Begun>;
    async fn invocation(&self, id: MessageId) -> Result<Option<Invocation>>;
    /// Sets the outcome if there is none; whether it was set.
    async fn finish(&self, id: MessageId, outcome: &Outcome, at: Timestamp) -> Result<bool>;
    /// Invocations without an outcome whose deadline has passed.
    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<Invocation>>;
    /// When the next deadline of an open invocation is.
    async fn next_deadline(&self) -> Result<Option<Timestamp>>;
    /// Forgets outcomes older than `before`, at most `limit`, but not that there was one; how many.
    async fn forget_invocations(&self, before: Timestamp, limit: u32) -> Result<u64>;

    /// Whether the store answers at all.
    async fn ping(&self) -> Result<()>;
    /// Writes what is still in memory and closes.
    async fn close(&self);
}

/// Which part of a room's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Latest,
    Before(Seq),
    After(Seq),
}

/// A room's own data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub id: RoomId,
    /// Empty for a direct room.
    pub name: String,
    pub kind: RoomKind,
    pub topic: String,
    pub last_seq: Seq,
}

impl Room {
    #[must_use]
    pub fn new(id: RoomId, name: &Name, kind: RoomKind) -> Self {
        Self { id, name: name.as_str().to_owned(), kind, topic: String::new(), last_seq: Seq::ZERO }
    }
    #[must_use]
    pub fn direct(id: RoomId) -> Self {
        Self { id, name: String::new(), kind: RoomKind::Direct, topic: String::new(), last_seq: Seq::ZERO }
    }
}

/// What a person is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberOf {
    pub role: Role,
    pub read_seq: Seq,
}

/// How far a person says to have read a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub room: RoomId,
    pub person: PersonId,
    pub seq: Seq,
}

/// How far a person has read a room, and how much is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadUpto {
    pub seq: Seq,
    pub unread: u64,
}

/// A room, and what is the person's own in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    pub room: Room,
    pub member: Option<MemberOf>,
    pub unread: u64,
    /// In a direct room, the other person.
    pub with: Option<PersonId>,
}

/// Which rooms a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those one is a member of, and all public ones.
    Visible,
    /// Those one is a member of.
    Joined,
    /// This one, if it is visible.
    Only(RoomId),
}

/// What became of a request for a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    Created(Room),
    /// The room was there already.
    Existing(Room),
    NameTaken,
}

/// A bot's hold on a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    pub bot: String,
    /// The name the bot's messages are shown under.
    pub bot_name: String,
    pub spec: CommandSpec,
    pub lease_until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    Yes,
    /// Another bot has it.
    HeldBy(String),
}

/// A command that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvocation {
    pub id: MessageId,
    pub room: RoomId,
    pub asker: PersonId,
    pub command: String,
    /// The command line as it was written.
    pub line: String,
    /// The bot that held the command when it was asked.
    pub bot: String,
    pub bot_name: String,
    pub created: Timestamp,
    pub deadline: Timestamp,
}

/// A recorded invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    pub asked: NewInvocation,
    pub outcome: Option<Outcome>,
}

/// What became of recording an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    Recorded,
    /// This id was asked before.
    Known(Box<Invocation>),
    /// The id is a message's.
    IdTaken,
}

/// The one outcome of an invocation, as it is kept and told again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outcome {
    /// A message in the room, under this number.
    Message {
        seq: Seq,
    },
    Answer {
        author: Author,
        text: String,
    },
    Error {
        code: ErrorCode,
        message: String,
    },
    /// It is too long ago to be told again. The id stays known, so that the command never runs twice.
    Forgotten,
}
