//! Saying something in a room: `tab.says("hi").in_room(&general).await`.

use parlor_protocol::{
    error::ErrorCode,
    http::Room,
    ids::{MessageId, Seq},
    socket::ServerFrame,
};
use serde_json::json;

use super::Tab;

/// Something to be said, still without a room.
#[derive(Debug)]
pub struct Saying<'t> {
    tab: &'t mut Tab,
    id: MessageId,
    text: String,
}

/// What a message became: durable under this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub id: MessageId,
    pub seq: Seq,
}

impl Tab {
    /// Something to be said under a new id.
    pub fn says(&mut self, text: impl Into<String>) -> Saying<'_> {
        self.says_as(MessageId::new(), text)
    }
    /// Something to be said under this id, perhaps again.
    pub fn says_as(&mut self, id: MessageId, text: impl Into<String>) -> Saying<'_> {
        Saying { tab: self, id, text: text.into() }
    }
}

impl Saying<'_> {
    /// Says it and awaits the `ack`.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn in_room(self, room: &Room) -> Said {
        let (tab, id) = self.sent_to(&room.id.to_string()).await;
        let what = format!("ack of {id}");
        let seq = tab.hears(&what, |frame| match frame {
            ServerFrame::Ack { id: of, room: at, seq } if *of == id && *at == room.id => Some(*seq),
            ServerFrame::Error { id: Some(of), code, message, .. } if *of == id.to_string() => {
                panic!("{} in place of the ack: {message}", code.as_str())
            }
            _ => None,
        });
        Said { id, seq: seq.await }
    }

    /// Says it where it is refused; the code.
    pub async fn is_refused_in(self, room: &str) -> ErrorCode {
        let (tab, id) = self.sent_to(room).await;
        let id = id.to_string();
        tab.hears(&format!("error about {id}"), |frame| match frame {
            ServerFrame::Error { id: Some(of), code, .. } if *of == id => Some(*code),
            ServerFrame::Ack { id: of, .. } if of.to_string() == id => panic!("it was taken"),
            _ => None,
        })
        .await
    }

    /// Says it and awaits nothing.
    pub async fn without_waiting_in(self, room: &Room) -> MessageId {
        self.sent_to(&room.id.to_string()).await.1
    }
}

impl<'t> Saying<'t> {
    async fn sent_to(self, room: &str) -> (&'t mut Tab, MessageId) {
        let Self { tab, id, text } = self;
        tab.sends_json(json!({"type": "message", "id": id, "room": room, "text": text})).await;
        (tab, id)
    }
}
