//! Many sockets in one thread: opened, listened to by frame headers, spoken through. One read(2) a delivery is all
//! that it costs, so that the server under load is what is measured.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token, net::TcpStream as MioStream};

use crate::frame::{Frames, Kind};

/// Sockets whose handshakes are under way at once: fewer than any server's queue of connections.
const AT_ONCE: usize = 64;
/// How long anything may be awaited.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How often a wait looks whether the whole run is to stop.
const LOOK: Duration = Duration::from_millis(200);

/// Whether somebody asked the run to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    /// # Errors
    /// If it was asked.
    pub fn check(&self) -> Result<()> {
        ensure!(!self.0.load(Ordering::Relaxed), "stopped");
        Ok(())
    }
}

/// How a socket is opened.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// The session's token, if the server asks for one.
    pub token: Option<String>,
    /// Whether the server says `hello` first.
    pub greets: bool,
}

impl Opening {
    fn request(&self, port: u16) -> String {
        let session = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n"));
        format!(
            "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            session.unwrap_or_default()
        )
    }
}

#[derive(Debug)]
struct Member {
    stream: MioStream,
    frames: Frames,
}

/// The sockets, numbered in the order in which they were opened.
#[derive(Debug)]
pub struct Crowd {
    poll: Poll,
    events: Events,
    members: Vec<Member>,
    buffer: Vec<u8>,
    stop: Stop,
}

impl Crowd {
    /// # Errors
    /// If the kernel has no more to give.
    pub fn new(stop: &Stop) -> Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(1024));
        Ok(Self { poll, events, members: Vec::new(), buffer: vec![0; 256 * 1024], stop: stop.clone() })
    }
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Opens a socket for each, in this order, and waits until all are live.
    ///
    /// # Errors
    /// If one is refused.
    pub fn open(&mut self, port: u16, openings: &[Opening]) -> Result<()> {
        for group in openings.chunks(AT_ONCE) {
            self.stop.check()?;
            let mut streams = Vec::with_capacity(group.len());
            for opening in group {
                let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                stream.write_all(opening.request(port).as_bytes())?;
                streams.push(stream);
            }
            for (stream, opening) in streams.into_iter().zip(group) {
                self.welcome(stream, opening).context("a socket was not opened")?;
            }
        }
        Ok(())
    }

    /// Awaits the end of the handshake, and `hello`.
    fn welcome(&mut self, mut stream: TcpStream, opening: &Opening) -> Result<()> {
        let mut frames = Frames::default();
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            let n = read_some(&mut stream, &mut self.buffer)?;
            ensure!(n > 0 && read.len() < 64 * 1024, "the server closed in the handshake");
            read.extend_from_slice(&self.buffer[..n]);
        };
        let status = String::from_utf8_lossy(&read[..end]).lines().next().unwrap_or_default().to_owned();
        ensure!(status.starts_with("HTTP/1.1 101 "), "the server answered {status}");
        let mut first = None;
        frames.feed(&read[end..], |kind| first = first.or(Some(kind)));
        while opening.greets && first.is_none() {
            let n = read_some(&mut stream, &mut self.buffer)?;
            ensure!(n > 0, "the server closed before hello");
            frames.feed(&self.buffer[..n], |kind| first = first.or(Some(kind)));
        }
        ensure!(!opening.greets || first == Some(Kind::Hello), "the first frame is {first:?}");
        stream.set_nonblocking(true)?;
        let mut stream = MioStream::from_std(stream);
        self.poll.registry().register(&mut stream, Token(self.members.len()), Interest::READABLE)?;
        self.members.push(Member { stream, frames });
        Ok(())
    }

    /// Sends bytes on a socket.
    ///
    /// # Errors
    /// If the server does not read, or is gone.
    pub fn send(&mut self, who: usize, bytes: &[u8]) -> Result<()> {
        send(&mut self.members[who].stream, bytes)
    }

    /// Tells of every frame, with the number of its socket, until told to break. What the listener puts into the
    /// list of bytes is sent on the same socket.
    ///
    /// # Errors
    /// If a server closes, refuses something, or nothing comes for long.
    pub fn listen(&mut self, mut hear: impl FnMut(usize, Kind, &mut Vec<u8>) -> ControlFlow<()>) -> Result<()> {
        let mut quiet = Instant::now();
        let mut reply = Vec::new();
        loop {
            self.stop.check()?;
            if let Err(error) = self.poll.poll(&mut self.events, Some(LOOK)) {
                if error.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                return Err(error.into());
            }
            if !self.events.is_empty() {
                quiet = Instant::now();
            } else if quiet.elapsed() > PATIENCE {
                bail!("nothing came for {PATIENCE:?}");
            }
            let mut flow = ControlFlow::Continue(());
            // All events are looked at, also after the last frame: the kernel tells of each only once.
            for event in &self.events {
                let who = event.token().0;
                let member = &mut self.members[who];
                loop {
                    let n = match member.stream.read(&mut self.buffer) {
                        Ok(0) => bail!("the server closed a socket"),
                        Ok(n) => n,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        Err(error) => return Err(error).context("a socket broke"),
                    };
                    let mut fault = None;
                    member.frames.feed(&self.buffer[..n], |kind| {
                        if matches!(kind, Kind::Error | Kind::Close) {
                            fault = Some(kind);
                        }
                        if hear(who, kind, &mut reply).is_break() {
                            flow = ControlFlow::Break(());
                        }
                    });
                    if let Some(kind) = fault {
                        let said = String::from_utf8_lossy(&self.buffer[..n.min(400)]).into_owned();
                        bail!("the server sent {kind:?} to socket {who}: {said}");
                    }
                    if !reply.is_empty() {
                        send(&mut member.stream, &reply)?;
                        reply.clear();
                    }
                    // Less than was asked for: the socket is empty, and the kernel will tell of what comes.
                    if n < self.buffer.len() {
                        break;
                    }
                }
            }
            if flow.is_break() {
                return Ok(());
            }
        }
    }

    /// Awaits so many frames of these kinds, whoever gets them.
    ///
    /// # Errors
    /// As [`Crowd::listen`].
    pub fn hear(&mut self, frames: usize, of: &[Kind]) -> Result<()> {
        let mut left = frames;
        self.listen(|_, kind, _| {
            if of.contains(&kind) {
                left = left.saturating_sub(1);
            }
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

/// Reads from a blocking socket. A child's end interrupts a read that has a time limit; then it is read again.
fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn send(stream: &mut MioStream, bytes: &[u8]) -> Result<()> {
    let sent = stream.write(bytes).context("the server does not read, or is gone")?;
    ensure!(sent == bytes.len(), "the server does not read fast enough");
    Ok(())
}
