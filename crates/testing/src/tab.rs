//! One socket of a person, as an open tab: what it says and what it hears.

use parlor_protocol::{
    auth::Person,
    error::ErrorCode,
    http::Room,
    ids::{MessageId, Seq},
    socket::{Message, ServerFrame},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message as Packet, handshake::client::Request};

use self::line::{Heard, Line};

mod command;
mod line;
mod message;

pub use command::Outcome;
pub use message::{Said, Saying};

/// An open socket whose `hello` has been heard. What nobody asked for yet waits in its order.
#[derive(Debug)]
pub struct Tab {
    /// The number of the protocol that the server speaks.
    pub protocol: u32,
    /// Who the server says this is.
    pub me: Person,
    /// The rooms that it is live for.
    pub hello: Vec<Room>,
    line: Line,
    waiting: Vec<ServerFrame>,
    pings: usize,
}

impl Tab {
    /// # Panics
    /// If the upgrade is refused or something else than `hello` comes first.
    pub async fn opens(request: Request) -> Self {
        match Self::tries(request).await {
            Ok(tab) => tab,
            Err(status) => panic!("the upgrade is refused with {status}"),
        }
    }

    /// # Errors
    /// The status with which the upgrade is refused.
    ///
    /// # Panics
    /// If nobody answers, or something else than `hello` comes first.
    pub async fn tries(request: Request) -> Result<Self, u16> {
        let mut line = Line::opens(request).await?;
        match line.hears("hello").await {
            Heard::Frame(frame) => match *frame {
                ServerFrame::Hello { protocol, user: me, rooms: hello } => {
                    Ok(Self { protocol, me, hello, line, waiting: Vec::new(), pings: 0 })
                }
                other => panic!("the first frame is {other:?}"),
            },
            other => panic!("{other:?} in place of hello"),
        }
    }

    /// Opens a socket that may be closed at once: nothing if it is let in, else the code.
    ///
    /// # Errors
    /// The code with which it is closed.
    ///
    /// # Panics
    /// If the upgrade is refused.
    pub async fn is_let_in(request: Request) -> Result<(), Option<u16>> {
        let mut line = Line::opens(request).await.expect("the upgrade is accepted");
        match line.hears("hello or a close").await {
            Heard::Frame(frame) if matches!(*frame, ServerFrame::Hello { .. }) => Ok(()),
            Heard::Closed(code) => Err(code),
            other => panic!("the first is {other:?}"),
        }
    }

    /// The room of this name, as `hello` told it.
    ///
    /// # Panics
    /// If `hello` had none.
    #[must_use]
    pub fn room(&self, name: &str) -> &Room {
        self.hello.iter().find(|room| room.name == name).expect("a room of this name in hello")
    }

    /// Sends bytes as they are, in a text frame.
    pub async fn sends(&mut self, text: impl Into<String>) {
        self.line.sends(Packet::text(text.into())).await;
    }
    pub async fn sends_json(&mut self, frame: Value) {
        self.sends(frame.to_string()).await;
    }
    pub async fn sends_binary(&mut self, bytes: impl Into<bytes::Bytes>) {
        self.line.sends(Packet::binary(bytes)).await;
    }

    /// Asks for what came after these numbers.
    pub async fn resumes(&mut self, rooms: &[(&Room, u64)]) {
        let rooms: serde_json::Map<_, _> =
            rooms.iter().map(|(room, seq)| (room.id.to_string(), Value::from(*seq))).collect();
        self.sends_json(json!({"type": "resume", "rooms": rooms})).await;
    }

    /// The next frame, whichever it is.
    ///
    /// # Panics
    /// If the socket closes instead.
    pub async fn next(&mut self) -> ServerFrame {
        if self.waiting.is_empty() { self.arrives("frame").await } else { self.waiting.remove(0) }
    }

    /// The first frame, waiting or to come, of which `pick` makes something. Others go on waiting.
    ///
    /// # Panics
    /// If the socket closes, or none comes in time.
    pub async fn hears<T>(&mut self, what: &str, mut pick: impl FnMut(&ServerFrame) -> Option<T>) -> T {
        let mut at = 0;
        loop {
            if at == self.waiting.len() {
                let frame = self.arrives(what).await;
                self.waiting.push(frame);
            }
            if let Some(found) = pick(&self.waiting[at]) {
                self.waiting.remove(at);
                return found;
            }
            at += 1;
        }
    }

    async fn arrives(&mut self, what: &str) -> ServerFrame {
        loop {
            match self.line.hears(what).await {
                Heard::Frame(frame) => return *frame,
                Heard::Ping => self.pings += 1,
                end => panic!("{end:?} in place of {what}; waiting: {:?}", self.waiting),
            }
        }
    }

    /// Everything that the server sent until it answered one more request: whatever was on its way is in it.
    pub async fn all_so_far(&mut self) -> Vec<ServerFrame> {
        let nowhere = MessageId::new().to_string();
        self.sends_json(json!({"type": "resume", "rooms": {nowhere.clone(): 0}})).await;
        self.hears("answer to the last request", |frame| {
            matches!(frame, ServerFrame::RoomGone { room } if *room == nowhere).then_some(())
        })
        .await;
        std::mem::take(&mut self.waiting)
    }

    /// The next error frame.
    pub async fn hears_error(&mut self) -> (Option<String>, ErrorCode, String) {
        self.hears("error", |frame| match frame {
            ServerFrame::Error { id, code, message, .. } => Some((id.clone(), *code, message.clone())),
            _ => None,
        })
        .await
    }

    /// The message with this text.
    pub async fn hears_message(&mut self, text: &str) -> Message {
        self.hears(&format!("message {text:?}"), |frame| match frame {
            ServerFrame::Message(message) if message.text == text => Some(message.clone()),
            _ => None,
        })
        .await
    }

    /// Waits until the server pings.
    ///
    /// # Panics
    /// If the socket closes instead.
    pub async fn is_pinged(&mut self) {
        let before = self.pings;
        while self.pings == before {
            match self.line.hears("ping").await {
                Heard::Ping => self.pings += 1,
                Heard::Frame(frame) => self.waiting.push(*frame),
                end => panic!("{end:?} in place of a ping"),
            }
        }
    }

    /// Waits until the server closes; the code, if it gave one. What came before goes on waiting.
    pub async fn is_closed(&mut self) -> Option<u16> {
        loop {
            match self.line.hears("close").await {
                Heard::Closed(code) => return code,
                Heard::Frame(frame) => self.waiting.push(*frame),
                Heard::Ping => self.pings += 1,
                Heard::Nothing => return None,
            }
        }
    }

    /// What waits to be heard, without waiting for more.
    #[must_use]
    pub fn waiting(&self) -> &[ServerFrame] {
        &self.waiting
    }

    /// Closes as a browser's tab does.
    pub async fn leaves(mut self) {
        self.line.sends(Packet::Close(None)).await;
        self.is_closed().await;
    }
}

/// The `seq` of a frame that is an entry of the room's log, as the contract tells them apart.
#[must_use]
pub fn entry(frame: &ServerFrame, room: &Room) -> Option<Seq> {
    let json = serde_json::to_value(frame).ok()?;
    let is_other = matches!(json["type"].as_str(), Some("ack" | "resumed" | "reset"));
    let seq = json["seq"].as_u64().filter(|_| !is_other && json["room"] == room.id.to_string());
    seq.map(Seq)
}
