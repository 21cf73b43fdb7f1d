//! Bytes over TCP, for what no well-behaved client sends.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Person, soon};

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
        raw.sends(&format!(
            "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            person.token
        ))
        .await;
        let head = raw.reads_head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// # Panics
    /// If the connection is gone.
    pub async fn sends(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.expect("an open connection");
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

    /// Reads until the server closes.
    pub async fn reads_to_the_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = soon("end of the connection", self.0.read_to_end(&mut bytes)).await;
        bytes
    }
}
