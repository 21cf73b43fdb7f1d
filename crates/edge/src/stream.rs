//! A connection's bytes, sent no slower than somebody is worth waiting for. Must not know what they say.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    rt::{Read, ReadBufCursor, Write},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

/// Bytes that a client must take within the time it has, once it reads more slowly than they come.
const STEP: usize = 32 * 1024;

/// A connection whose client must read what it asked for.
pub(crate) struct Stream {
    tcp: TokioIo<TcpStream>,
    patience: Duration,
    /// Runs while a client is behind.
    behind: Option<Behind>,
}

struct Behind {
    alarm: Pin<Box<Sleep>>,
    /// What it has to take until the alarm is set anew.
    left: usize,
}

impl Stream {
    /// `patience`: how long a client may take for each 32 KiB.
    pub(crate) fn new(tcp: TcpStream, patience: Duration) -> Self {
        Self { tcp: TokioIo::new(tcp), patience, behind: None }
    }

    fn watched(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match (&written, &mut self.behind) {
            (Poll::Ready(Ok(bytes)), Some(behind)) if *bytes < behind.left => behind.left -= bytes,
            (Poll::Ready(_), _) => self.behind = None,
            (Poll::Pending, _) => {
                let patience = self.patience;
                let new = || Behind { alarm: Box::pin(sleep(patience)), left: STEP };
                if self.behind.get_or_insert_with(new).alarm.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer is read too slowly")));
                }
            }
        }
        written
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, buf);
        self.watched(cx, written)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.watched(cx, written)
    }
    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
    /// Called when nothing is left to write: whoever was behind is not any more.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.behind = None;
        Pin::new(&mut self.tcp).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

/// The bare socket under an upgraded connection, and what the client had sent behind its handshake. `None` if it did
/// not come by [`serve`](crate::serve::serve).
#[must_use]
pub fn bare(upgraded: Upgraded) -> Option<(TcpStream, Vec<u8>)> {
    let parts = upgraded.downcast::<Stream>().ok()?;
    Some((parts.io.tcp.into_inner(), parts.read_buf.to_vec()))
}
