//! Bytes over TCP, for what no well-behaved client sends.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Person, soon};

mod frame;

pub use frame::{Frame, Heard};

/// A connection to the server that does nothing by itself: it answers no ping.
#[derive(Debug)]
pub struct Raw(TcpStream);

impl Raw {
    /// # Panics
    /// If nobody listens.
    pub async fn connects(port: u16) -> Self {
        Self(TcpStream::connect(("127.0.0.1", port)).await.expect("the server listens"))
    }

    /// A person's socket, upgraded, whose frames nobody reads.
    ///
    /// # Panics
    /// If the upgrade is refused.
    pub async fn upgrades(port: u16, person: &Person) -> Self {
        let mut raw = Self::connects(port).await;
        raw.sends(&upgrade(port, person)).await;
        let head = raw.reads_head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// # Panics
    /// If the connection is gone.
    pub async fn sends(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("an open connection");
    }

    /// Sends to a server that may have had enough; whether it took all.
    pub async fn offers(&mut self, bytes: &[u8]) -> bool {
        soon("room for bytes, or an end", self.0.write_all(bytes)).await.is_ok()
    }

    /// Says no more, and goes on reading.
    ///
    /// # Panics
    /// If the connection is gone.
    pub async fn falls_silent(&mut self) {
        self.0.shutdown().await.expect("an open connection");
    }

    /// Ends as a client does that loses its machine's network stack: with a reset.
    pub fn vanishes(self) {
        // What was still to be read makes the kernel send one; nobody is left to hear of an error.
        let _ = self.0.set_zero_linger();
    }

    /// The next response's status line and headers.
    ///
    /// # Panics
    /// If the connection ends before.
    pub async fn reads_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("head of a response", self.0.read_u8()).await.expect("a whole head"));
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// The next frame of a socket; `None` if the connection has ended.
    pub async fn hears(&mut self) -> Option<Heard> {
        soon("frame of the server", async {
            let opcode = self.0.read_u8().await.ok()? & 0x0f;
            let length = match self.0.read_u8().await.ok()? {
                126 => u64::from(self.0.read_u16().await.ok()?),
                127 => self.0.read_u64().await.ok()?,
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).ok()?];
            self.0.read_exact(&mut payload).await.ok()?;
            Some(Heard { opcode, payload })
        })
        .await
    }

    /// The next text whose `type` is this. Whatever comes before is passed over.
    ///
    /// # Panics
    /// If the connection ends before.
    pub async fn hears_type(&mut self, kind: &str) -> serde_json::Value {
        loop {
            let heard = self.hears().await.unwrap_or_else(|| panic!("the connection ended before {kind}"));
            if heard.opcode == 1 {
                let json: serde_json::Value = serde_json::from_slice(&heard.payload).expect("a text frame is JSON");
                if json["type"] == kind {
                    return json;
                }
            }
        }
    }

    /// Reads until the server closes its socket: the code, if it gives one.
    pub async fn is_closed(&mut self) -> Option<u16> {
        while let Some(heard) = self.hears().await {
            if heard.opcode == 8 {
                return heard.close_code();
            }
        }
        None
    }

    /// Reads until the server closes.
    pub async fn reads_to_the_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = soon("end of the connection", self.0.read_to_end(&mut bytes)).await;
        bytes
    }

    /// As [`Raw::reads_to_the_end`], as text.
    pub async fn reads_text(&mut self) -> String {
        String::from_utf8_lossy(&self.reads_to_the_end().await).into_owned()
    }
}

/// The request that opens a person's socket, byte by byte.
#[must_use]
pub fn upgrade(port: u16, person: &Person) -> String {
    format!(
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        person.token
    )
}
