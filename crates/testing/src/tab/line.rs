//! The connection behind a tab: packets in and out, and nothing that needs to know what was said before.

use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use parlor_protocol::socket::ServerFrame;
use serde_json::Value;
use tokio::{net::TcpStream, sync::mpsc, task::AbortHandle};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message as Packet, handshake::client::Request},
};

use crate::soon;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What arrives, in its order.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(Box<ServerFrame>),
    Ping,
    /// The server closed; with its code, if it gave one.
    Closed(Option<u16>),
    /// The connection is gone.
    Nothing,
}

/// An open connection. Dropped, it ends without a word, as that of a browser which is killed.
#[derive(Debug)]
pub(super) struct Line {
    sender: SplitSink<Socket, Packet>,
    heard: mpsc::UnboundedReceiver<Heard>,
    reading: AbortHandle,
}

impl Line {
    /// # Errors
    /// The status with which the upgrade is refused.
    pub async fn opens(request: Request) -> Result<Self, u16> {
        let socket = match soon("upgrade", connect_async(request)).await {
            Ok((socket, _)) => socket,
            Err(tungstenite::Error::Http(response)) => return Err(response.status().as_u16()),
            Err(error) => panic!("the upgrade was not answered: {error}"),
        };
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
        Ok(Self { sender, heard: hears, reading: reading.abort_handle() })
    }

    /// Waits for whatever comes next.
    pub async fn hears(&mut self, what: &str) -> Heard {
        soon(what, self.heard.recv()).await.unwrap_or(Heard::Nothing)
    }

    pub async fn sends(&mut self, packet: Packet) {
        match soon("room for a frame", self.sender.send(packet)).await {
            // A server that has closed does not read; the test hears of it by the close.
            Ok(()) | Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::Io(_)) => {}
            Err(tungstenite::Error::Protocol(_) | tungstenite::Error::AlreadyClosed) => {}
            Err(error) => panic!("a frame could not be sent: {error}"),
        }
    }
}

impl Drop for Line {
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
