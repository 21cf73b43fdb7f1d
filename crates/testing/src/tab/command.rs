//! Giving a command and hearing what became of it.

use parlor_protocol::{
    error::ErrorCode,
    http::Room,
    ids::MessageId,
    socket::{Author, Message, ServerFrame},
};
use serde_json::json;

use super::Tab;

/// The one outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// For the room.
    Message(Message),
    /// For the asker alone.
    Answer {
        author: Author,
        text: String,
    },
    Error {
        code: ErrorCode,
        message: String,
        position: Option<u32>,
    },
}

impl Outcome {
    /// The message for the room.
    ///
    /// # Panics
    /// If it is something else.
    pub fn message(self) -> Message {
        let Self::Message(message) = self else { panic!("no message but {self:?}") };
        message
    }
    /// The text for the asker alone.
    ///
    /// # Panics
    /// If it is something else.
    pub fn answer(self) -> String {
        let Self::Answer { text, .. } = self else { panic!("no answer but {self:?}") };
        text
    }
    /// The error's code and text.
    ///
    /// # Panics
    /// If it is something else.
    pub fn error(self) -> (ErrorCode, String) {
        let Self::Error { code, message, .. } = self else { panic!("no error but {self:?}") };
        (code, message)
    }

    fn of(frame: &ServerFrame, of: MessageId) -> Option<Self> {
        match frame {
            ServerFrame::Message(message) if message.command_id == Some(of) => Some(Self::Message(message.clone())),
            ServerFrame::Answer { id, author, text, .. } if *id == of => {
                Some(Self::Answer { author: author.clone(), text: text.clone() })
            }
            ServerFrame::Error { id: Some(id), code, message, position, .. } if *id == of.to_string() => {
                Some(Self::Error { code: *code, message: message.clone(), position: *position })
            }
            _ => None,
        }
    }
}

impl Tab {
    /// Gives a command, and awaits neither `accepted` nor the outcome.
    pub async fn commands(&mut self, line: &str, room: &Room) -> MessageId {
        let id = MessageId::new();
        self.commands_as(id, line, room).await;
        id
    }
    /// Gives a command under this id, perhaps again.
    pub async fn commands_as(&mut self, id: MessageId, line: &str, room: &Room) {
        self.sends_json(json!({"type": "command", "id": id, "room": room.id, "text": line})).await;
    }
    /// Gives a command and awaits its outcome.
    pub async fn asks(&mut self, line: &str, room: &Room) -> Outcome {
        let id = self.commands(line, room).await;
        self.hears_outcome(id).await
    }
    /// Awaits the word that the invocation is durable.
    ///
    /// # Panics
    /// If an outcome comes first.
    pub async fn hears_accepted(&mut self, id: MessageId) {
        let what = format!("accepted of {id}");
        self.hears(&what, |frame| match frame {
            ServerFrame::Accepted { id: of, .. } => (*of == id).then_some(()),
            other => {
                assert_eq!(Outcome::of(other, id), None, "before it was accepted");
                None
            }
        })
        .await;
    }
    /// Awaits the outcome.
    pub async fn hears_outcome(&mut self, id: MessageId) -> Outcome {
        self.hears(&format!("outcome of {id}"), |frame| Outcome::of(frame, id)).await
    }
}
