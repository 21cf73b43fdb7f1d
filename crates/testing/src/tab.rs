//! One socket of a person, as an open tab: what it says and what it hears.

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use parlor_protocol::{
    error::ErrorCode,
    http::Room,
    ids::{MessageId, Seq},
    socket::{Message, ServerFrame},
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc, task::AbortHandle};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message as Packet, handshake::client::Request},
};

use crate::soon;

mod command;
mod message;

pub use command::Outcome;
pub use message::{Said, Saying};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What arrives at a tab, in its order.
#[derive(Debug)]
enum Heard {
    Frame(Box<ServerFrame>),
    Ping,
    /// The code, if the server gave one.
    Closed(Option<u16>),
}

/// An open socket whose `hello` has been heard. What nobody asked for yet waits in its order.
#[derive(Debug)]
pub struct Tab {
    pub hello: Vec<Room>,
    sender: SplitSink<Socket, Packet>,
    heard: mpsc::UnboundedReceiver<Heard>,
    waiting: Vec<ServerFrame>,
    pings: usize,
    closed: Option<Option<u16>>,
    reading: AbortHandle,
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
        let socket = match soon("upgrade", connect_async(request)).await {
            Ok((socket, _)) => socket,
            Err(tungstenite::Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("the upgrade was not answered: {error}"),
        };
        let mut tab = Self::over(socket);
        let first = tab.next().await;
        let ServerFrame::Hello { rooms, .. } = first else { panic!("the first frame is {first:?}") };
        tab.hello = rooms;
        Ok(tab)
    }

    /// Opens a socket that may be closed at once; whether it was let in.
    ///
    /// # Panics
    /// If the upgrade is refused.
    pub async fn is_let_in(request: Request) -> bool {
        let (socket, _) = soon("upgrade", connect_async(request)).await.expect("the upgrade is accepted");
        let first = soon("first frame", Self::over(socket).heard.recv()).await;
        matches!(first, Some(Heard::Frame(frame)) if matches!(*frame, ServerFrame::Hello { .. }))
    }

    /// Opens a socket that the server closes before it says anything; the code.
    ///
    /// # Panics
    /// If the upgrade is refused.
    pub async fn is_turned_away(request: Request) -> Option<u16> {
        let (socket, _) = soon("upgrade", connect_async(request)).await.expect("the upgrade is accepted");
        Self::over(socket).is_closed().await
    }

    /// A socket that has said nothing yet.
    fn over(socket: Socket) -> Self {
        let (sender, mut receiver) = socket.split();
        let (heard, hears) = mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            while let Some(packet) = receiver.next().await {
                let packet = match packet {
                    Ok(Packet::Text(text)) => Heard::Frame(Box::new(read(&text))),
                    Ok(Packet::Ping(_)) => Heard::Ping,
                    Ok(Packet::Close(frame)) => Heard::Closed(frame.map(|frame| frame.code.into())),
                    Ok(Packet::Binary(_)) => panic!("the server sent a binary frame"),
                    Ok(_) => continue,
                    Err(_) => break,
                };
                // Nobody listens any more once the test is over.
                let _ = heard.send(packet);
            }
        });
        let reading = reading.abort_handle();
        Self { hello: Vec::new(), sender, heard: hears, waiting: Vec::new(), pings: 0, closed: None, reading }
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
        self.packet(Packet::text(text.into())).await;
    }
    pub async fn sends_json(&mut self, frame: Value) {
        self.sends(frame.to_string()).await;
    }
    pub async fn sends_binary(&mut self, bytes: impl Into<bytes::Bytes>) {
        self.packet(Packet::binary(bytes)).await;
    }
    async fn packet(&mut self, packet: Packet) {
        match soon("room for a frame", self.sender.send(packet)).await {
            // A server that has closed does not read; the test hears of it by `is_closed`.
            Ok(()) | Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::Io(_)) => {}
            Err(tungstenite::Error::Protocol(_) | tungstenite::Error::AlreadyClosed) => {}
            Err(error) => panic!("a frame could not be sent: {error}"),
        }
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
            match soon(what, self.heard.recv()).await {
                Some(Heard::Frame(frame)) => return *frame,
                Some(Heard::Ping) => self.pings += 1,
                Some(Heard::Closed(code)) => {
                    self.closed = Some(code);
                    panic!("closed with {code:?} in place of {what}; waiting: {:?}", self.waiting);
                }
                None => panic!("disconnected in place of {what}; waiting: {:?}", self.waiting),
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
    pub async fn is_pinged(&mut self) {
        let before = self.pings;
        while self.pings == before {
            match soon("ping", self.heard.recv()).await.expect("an open socket") {
                Heard::Ping => self.pings += 1,
                Heard::Frame(frame) => self.waiting.push(*frame),
                Heard::Closed(code) => panic!("closed with {code:?} in place of a ping"),
            }
        }
    }

    /// Waits until the server closes; the code, if it gave one. What came before goes on waiting.
    pub async fn is_closed(&mut self) -> Option<u16> {
        loop {
            match soon("close", self.heard.recv()).await {
                Some(Heard::Closed(code)) => return code,
                Some(Heard::Frame(frame)) => self.waiting.push(*frame),
                Some(Heard::Ping) => self.pings += 1,
                None => return self.closed.flatten(),
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
        self.packet(Packet::Close(None)).await;
        self.is_closed().await;
    }
}

impl Drop for Tab {
    /// The connection ends without a word, as that of a browser which is killed.
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Reads a frame and finds that it holds nothing beside what the protocol says.
fn read(text: &str) -> ServerFrame {
    let frame: ServerFrame = match serde_json::from_str(text) {
        Ok(frame) => frame,
        Err(error) => panic!("no frame of the protocol ({error}): {text}"),
    };
    let given: Value = serde_json::from_str(text).expect("it was JSON");
    let written: Value = serde_json::to_value(&frame).expect("it was JSON");
    assert_eq!(written, given, "more than the protocol says");
    frame
}

/// The `seq` of a frame that is an entry of the room's log, as the contract tells them apart.
#[must_use]
pub fn entry(frame: &ServerFrame, room: &Room) -> Option<Seq> {
    let json = serde_json::to_value(frame).ok()?;
    let is_other = matches!(json["type"].as_str(), Some("ack" | "resumed" | "reset"));
    let seq = json["seq"].as_u64().filter(|_| !is_other && json["room"] == room.id.to_string());
    seq.map(Seq)
}
