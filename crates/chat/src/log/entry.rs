//! An entry of a room's log: its kinds, and the frame each kind is on the socket.

use parlor_protocol::{
    auth::Person,
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::{Asked, Author, Details, Message, RoomChanges, ServerFrame},
    text::{Text, Topic},
    time::Timestamp,
};
use uuid::Uuid;

/// A numbered change of a room, messages in their present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub room: RoomId,
    pub seq: Seq,
    pub kind: EntryKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    Message(Box<Message>),
    MessageEdited { message: MessageId, text: String, edited: Timestamp },
    MessageDeleted { message: MessageId },
    MemberJoined { user: Person },
    MemberLeft { user: Person },
    RoomChanged { changes: RoomChanges, by: Author },
}

impl Entry {
    #[must_use]
    pub fn into_frame(self) -> ServerFrame {
        let Self { room, seq, kind } = self;
        match kind {
            EntryKind::Message(message) => ServerFrame::Message(*message),
            EntryKind::MessageEdited { message, text, edited } => {
                ServerFrame::MessageEdited { room, seq, message, text, edited }
            }
            EntryKind::MessageDeleted { message } => ServerFrame::MessageDeleted { room, seq, message },
            EntryKind::MemberJoined { user } => ServerFrame::MemberJoined { room, seq, user },
            EntryKind::MemberLeft { user } => ServerFrame::MemberLeft { room, seq, user },
            EntryKind::RoomChanged { changes, by } => ServerFrame::RoomChanged { room, seq, changes, by },
        }
    }
}

/// A change that asks for a number. `id` makes it the same change however often it is sent: for a message it is
/// the message's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub id: Uuid,
    pub room: RoomId,
    pub at: Timestamp,
    pub change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A person's message. The store refuses it if the author is no member.
    Post {
        author: Person,
        text: Text,
    },
    /// A bot's message that is the outcome of an invocation: appended only if there is no outcome yet.
    Answer {
        invocation: MessageId,
        author: Author,
        asked: Asked,
        text: Text,
        details: Option<Details>,
    },
    Edit {
        message: MessageId,
        by: PersonId,
        text: Text,
    },
    Delete {
        message: MessageId,
        by: PersonId,
    },
    /// Nothing happens if the person is a member.
    Join {
        person: Person,
    },
    /// Nothing happens if the person is none.
    Leave {
        person: Person,
    },
    Topic {
        by: Person,
        topic: Topic,
    },
}

impl Append {
    #[must_use]
    pub fn new(room: RoomId, change: Change) -> Self {
        Self { id: Uuid::now_v7(), room, at: Timestamp::now(), change }
    }
    #[must_use]
    pub fn message(id: MessageId, room: RoomId, author: Person, text: Text) -> Self {
        Self { id: id.uuid(), room, at: Timestamp::now(), change: Change::Post { author, text } }
    }
}

/// What became of an [`Append`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is durable.
    Stored(Entry),
    /// The same message has been stored before, under this number.
    Repeat(Seq),
    /// There was nothing to change.
    Unchanged,
    Refused(Refused),
}

/// Why the store refused an [`Append`]; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The id belongs to another message or a command.
    IdTaken,
    NotAMember,
    NoSuchRoom,
    NoSuchMessage,
    /// Only its author may change a message.
    NotTheAuthor,
    MessageDeleted,
    /// The invocation has its outcome, or is unknown.
    AlreadyAnswered,
    /// A direct room keeps its two members.
    DirectRoom,
}
