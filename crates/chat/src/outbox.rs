//! A socket's way out: written at once by whoever has something for it, queued within a bound if it would block.
//!
//! One lock a socket, never held across an await, keeps the order of acks, answers and entries. While a room
//! replays, that room's live frames are held back here. What the frames say is not known here.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    sync::{Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use parlor_protocol::{ids::RoomId, socket::CloseCode};
use tokio::net::TcpStream;

use crate::socket::wire;

/// Bytes that may wait for a slow reader; at the bound its socket is closed with 4408.
pub const BACKLOG_BYTES: usize = 256 * 1024;
/// Frames that may wait: each costs memory beside its bytes, and a client can ask for pongs of two.
const BACKLOG_FRAMES: usize = 4_096;
/// Frames that are written by one call at most.
const WRITTEN_AT_ONCE: usize = 16;
/// Bytes of live frames held back for one replaying room; beyond, they are read from the store again.
pub const HELD_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub struct Outbox {
    stream: TcpStream,
    out: Mutex<Out>,
}

#[derive(Debug, Default)]
struct Out {
    backlog: VecDeque<Bytes>,
    backlog_bytes: usize,
    /// Until `hello` is out, everything waits behind it.
    greeted: bool,
    /// The backlog has not been tried yet: it goes with the next frame.
    lingers: bool,
    held: Vec<Held>,
    closing: Option<CloseCode>,
    broken: bool,
    /// The connection's task, to be woken when there is a backlog to flush, or an end to make.
    task: Option<Waker>,
}

/// A room that replays, and its live frames since.
#[derive(Debug)]
struct Held {
    room: RoomId,
    frames: Vec<Bytes>,
    bytes: usize,
    overflowed: bool,
}

/// What became of the frames that were held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// They are out; the room is live.
    Live,
    /// There were too many and they were dropped: hold anew and replay what was missed.
    Overflowed,
    /// The room does not replay any more: its last frame has been sent.
    Over,
}

impl Outbox {
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, out: Mutex::default() }
    }
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }
    fn lock(&self) -> MutexGuard<'_, Out> {
        // A panic while the lock was held leaves at worst a half-made backlog: the socket is then closed.
        self.out.lock().unwrap_or_else(|poisoned| {
            let mut out = poisoned.into_inner();
            out.broken = true;
            out
        })
    }

    /// Sends what is for this client alone.
    pub fn send(&self, bytes: Bytes) {
        let mut out = self.lock();
        self.write(&mut out, bytes);
    }

    /// Keeps what is for this client alone until the next frame takes it along, or [`Outbox::send_lingering`] does.
    pub fn linger(&self, bytes: Bytes) {
        let mut out = self.lock();
        let free = out.lingers || (out.backlog.is_empty() && out.greeted);
        if free && out.closing.is_none() && !out.broken {
            out.lingers = true;
            out.backlog_bytes += bytes.len();
            out.backlog.push_back(bytes);
        } else {
            self.write(&mut out, bytes);
        }
    }

    /// Sends what lingers.
    pub fn send_lingering(&self) {
        let mut out = self.lock();
        if out.lingers {
            self.try_backlog(&mut out);
        }
    }

    /// Sends a room's frames, unless the room replays: then they wait.
    pub fn send_of(&self, room: RoomId, bytes: &Bytes) {
        let mut out = self.lock();
        if !out.held.is_empty()
            && let Some(held) = out.held.iter_mut().find(|held| held.room == room)
        {
            held.keep(bytes);
            return;
        }
        self.write(&mut out, bytes.clone());
    }

    /// Sends `hello`, and behind it what has come up since the socket was known.
    pub fn greet(&self, hello: Bytes) {
        let mut out = self.lock();
        if out.closing.is_some() {
            return;
        }
        let waiting = std::mem::take(&mut out.backlog);
        out.backlog_bytes = 0;
        out.greeted = true;
        self.write(&mut out, hello);
        for bytes in waiting {
            self.write(&mut out, bytes);
        }
    }

    /// From now on the room's live frames wait for [`Outbox::release`].
    pub fn hold(&self, room: RoomId) {
        let mut out = self.lock();
        out.held.retain(|held| held.room != room);
        out.held.push(Held { room, frames: Vec::new(), bytes: 0, overflowed: false });
    }

    /// Sends a part of a room's replay; `false` if the room does not replay any more.
    #[must_use]
    pub fn send_replayed(&self, room: RoomId, bytes: Bytes) -> bool {
        let mut out = self.lock();
        let replays = out.held.iter().any(|held| held.room == room);
        if replays {
            self.write(&mut out, bytes);
        }
        replays
    }

    /// Sends a room's last frame; what was held back for it is dropped, and its replay is over.
    pub fn send_last_of(&self, room: RoomId, last: Bytes) {
        let mut out = self.lock();
        out.held.retain(|held| held.room != room);
        self.write(&mut out, last);
    }

    /// Ends a room's replay with `last` and drops what was held back; `false` if the room does not replay any more.
    pub fn cut_short(&self, room: RoomId, last: Bytes) -> bool {
        let mut out = self.lock();
        let Some(place) = out.held.iter().position(|held| held.room == room) else { return false };
        out.held.swap_remove(place);
        self.write(&mut out, last);
        true
    }

    /// Ends a room's replay with `last`, followed by the frames held back meanwhile. If those were too many,
    /// nothing is sent and the room goes on holding.
    #[must_use]
    pub fn release(&self, room: RoomId, last: Bytes) -> Released {
        let mut out = self.lock();
        let Some(place) = out.held.iter().position(|held| held.room == room) else { return Released::Over };
        if out.held[place].overflowed {
            return Released::Overflowed;
        }
        let held = out.held.swap_remove(place);
        self.write(&mut out, last);
        for bytes in held.frames {
            self.write(&mut out, bytes);
        }
        Released::Live
    }

    /// Says goodbye with this code, behind what waits already; nothing can be sent any more.
    pub fn close(&self, code: CloseCode) {
        let mut out = self.lock();
        self.end(&mut out, code, wire::close(code));
    }

    /// Ends the connection without a word: nobody is there to hear it.
    pub fn abandon(&self) {
        let mut out = self.lock();
        self.break_off(&mut out);
    }

    /// Answers a client's close.
    pub fn answer_close(&self) {
        let mut out = self.lock();
        self.end(&mut out, CloseCode::GoingAway, wire::close_answer());
    }

    fn end(&self, out: &mut Out, code: CloseCode, frame: Bytes) {
        if out.closing.is_some() {
            return;
        }
        out.closing = Some(code);
        if !out.greeted {
            // Nothing comes before `hello`, and that does not come any more.
            out.backlog.clear();
            out.backlog_bytes = 0;
        } else if code == CloseCode::TooSlow {
            // The first item may be half written; each ends where a frame ends.
            out.backlog.truncate(1);
            out.backlog_bytes = out.backlog.iter().map(Bytes::len).sum();
        }
        out.greeted = true;
        self.put(out, frame);
        out.wake();
    }

    fn write(&self, out: &mut Out, bytes: Bytes) {
        if out.closing.is_some() || out.broken {
            return;
        }
        self.put(out, bytes);
        if out.backlog_bytes > BACKLOG_BYTES || out.backlog.len() > BACKLOG_FRAMES {
            metrics::counter!("parlor_sockets_too_slow_total").increment(1);
            self.end(out, CloseCode::TooSlow, wire::close(CloseCode::TooSlow));
        }
    }

    /// Out at once if it can be, else behind what waits.
    fn put(&self, out: &mut Out, bytes: Bytes) {
        let mut rest = bytes;
        if out.backlog.is_empty() && out.greeted {
            match self.stream.try_write(&rest) {
                Ok(written) if written == rest.len() => return,
                Ok(written) => rest = rest.slice(written..),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return self.break_off(out),
            }
        }
        out.backlog_bytes += rest.len();
        out.backlog.push_back(rest);
        if out.lingers {
            self.try_backlog(out);
        } else if out.greeted {
            out.wake();
        }
    }

    /// Writes what it can of a backlog that may go out at once.
    fn try_backlog(&self, out: &mut Out) {
        // Where the connection is broken, this says so to its task.
        if self.flush_now(out).is_ok() && !out.backlog.is_empty() {
            out.wake();
        }
    }

    fn break_off(&self, out: &mut Out) {
        out.broken = true;
        out.backlog.clear();
        out.backlog_bytes = 0;
        out.wake();
    }

    /// Wakes the connection's task to look about.
    pub fn nudge(&self) {
        self.lock().wake();
    }

    /// What the connection's task, and only it, has to do next; it is woken when there is something. No future of a
    /// notification or of readiness is needed, so an idle connection holds none.
    pub fn poll_duty(&self, context: &mut Context<'_>) -> Poll<Duty> {
        let backlog = {
            let mut out = self.lock();
            out.remember(context);
            if out.closing.is_some() || out.broken {
                return Poll::Ready(Duty::End);
            }
            out.greeted && !out.backlog.is_empty()
        };
        if backlog && let Poll::Ready(writable) = self.stream.poll_write_ready(context) {
            return Poll::Ready(Duty::Write(writable));
        }
        self.stream.poll_read_ready(context).map(Duty::Read)
    }

    /// Whether anything waits to be written.
    #[must_use]
    pub fn has_backlog(&self) -> bool {
        let out = self.lock();
        out.greeted && !out.backlog.is_empty()
    }
    #[must_use]
    pub fn is_closing(&self) -> bool {
        let out = self.lock();
        out.closing.is_some() || out.broken
    }

    /// As [`Outbox::flush`], for who has more to say: an error also when the goodbye has been said.
    ///
    /// # Errors
    /// When nothing more can be sent.
    pub async fn make_room(&self, below: usize) -> io::Result<()> {
        loop {
            {
                let mut out = self.lock();
                if out.broken || out.closing.is_some() {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                self.flush_now(&mut out)?;
                if out.backlog.is_empty() || out.backlog_bytes < below {
                    return Ok(());
                }
            }
            // Somebody else may end the connection while the client reads nothing.
            poll_fn(|context| {
                let mut out = self.lock();
                out.remember(context);
                if out.broken || out.closing.is_some() {
                    return Poll::Ready(Ok(()));
                }
                self.stream.poll_write_ready(context)
            })
            .await?;
        }
    }

    /// Writes what waits, until less than `below` bytes do, as fast as the client reads.
    ///
    /// # Errors
    /// When the connection is broken.
    pub async fn flush(&self, below: usize) -> io::Result<()> {
        loop {
            {
                let mut out = self.lock();
                if out.broken {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                self.flush_now(&mut out)?;
                if out.backlog.is_empty() || out.backlog_bytes < below {
                    return Ok(());
                }
            }
            self.stream.writable().await?;
        }
    }

    /// Writes of what waits as much as the client takes now.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn flush_some(&self) -> io::Result<()> {
        let mut out = self.lock();
        if out.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.flush_now(&mut out)
    }

    fn flush_now(&self, out: &mut Out) -> io::Result<()> {
        out.lingers = false;
        while out.greeted && !out.backlog.is_empty() {
            let mut frames = [IoSlice::new(&[]); WRITTEN_AT_ONCE];
            let count = out.backlog.len().min(WRITTEN_AT_ONCE);
            for (slice, frame) in frames.iter_mut().zip(&out.backlog) {
                *slice = IoSlice::new(frame);
            }
            match self.stream.try_write_vectored(&frames[..count]) {
                Ok(written) => out.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => {
                    self.break_off(out);
                    return Err(error);
                }
            }
        }
        if out.backlog.is_empty() {
            // A burst is over: an idle socket keeps no buffer.
            out.backlog = VecDeque::new();
        }
        Ok(())
    }
}

/// What a connection's task has to do.
#[derive(Debug)]
pub enum Duty {
    /// There is something to read, or nothing any more.
    Read(io::Result<()>),
    /// What waits can be written.
    Write(io::Result<()>),
    /// The connection ends.
    End,
}

impl Out {
    fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }
    fn remember(&mut self, context: &Context<'_>) {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            self.task = Some(context.waker().clone());
        }
    }
    /// So many bytes have been written.
    fn advance(&mut self, mut written: usize) {
        self.backlog_bytes = self.backlog_bytes.saturating_sub(written);
        while let Some(first) = self.backlog.front_mut() {
            if written < first.len() {
                return bytes::Buf::advance(first, written);
            }
            written -= first.len();
            self.backlog.pop_front();
        }
    }
}

impl Held {
    fn keep(&mut self, bytes: &Bytes) {
        if self.overflowed {
            return;
        }
        self.bytes += bytes.len();
        if self.bytes > HELD_BYTES {
            self.overflowed = true;
            self.frames = Vec::new();
        } else {
            self.frames.push(bytes.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::AsyncReadExt as _,
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn pair() -> (Outbox, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        server.writable().await.unwrap();
        (Outbox::new(server), client)
    }

    async fn read(client: &mut TcpStream, bytes: usize) -> Vec<u8> {
        let mut got = vec![0; bytes];
        client.read_exact(&mut got).await.unwrap();
        got
    }

    #[tokio::test]
    async fn hello_comes_first_whatever_came_up_before() {
        let (outbox, mut client) = pair().await;
        outbox.send(Bytes::from_static(b"2"));
        outbox.send(Bytes::from_static(b"3"));
        outbox.greet(Bytes::from_static(b"1"));
        outbox.flush(0).await.unwrap();
        assert_eq!(read(&mut client, 3).await, b"123");
    }

    #[tokio::test]
    async fn a_replaying_rooms_frames_wait_and_others_do_not() {
        let (outbox, mut client) = pair().await;
        outbox.greet(Bytes::from_static(b"h"));
        let (slow, other) = (RoomId::new(), RoomId::new());
        outbox.hold(slow);
        outbox.send_of(slow, &Bytes::from_static(b"3"));
        outbox.send_of(other, &Bytes::from_static(b"1"));
        assert_eq!(outbox.release(slow, Bytes::from_static(b"2")), Released::Live);
        outbox.send_of(slow, &Bytes::from_static(b"4"));
        assert_eq!(read(&mut client, 5).await, b"h1234");
    }

    #[tokio::test]
    async fn what_lingers_goes_with_the_next_frame_before_it() {
        let (outbox, mut client) = pair().await;
        outbox.greet(Bytes::from_static(b"h"));
        outbox.linger(Bytes::from_static(b"1"));
        assert_eq!(read(&mut client, 1).await, b"h");
        assert_eq!(client.try_read(&mut [0; 1]).map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
        outbox.send(Bytes::from_static(b"2"));
        outbox.linger(Bytes::from_static(b"3"));
        outbox.send_lingering();
        assert!(!outbox.has_backlog());
        assert_eq!(read(&mut client, 3).await, b"123");
    }

    #[tokio::test]
    async fn too_many_held_frames_are_dropped_and_the_room_holds_on() {
        let (outbox, mut client) = pair().await;
        outbox.greet(Bytes::from_static(b"h"));
        let room = RoomId::new();
        outbox.hold(room);
        outbox.send_of(room, &Bytes::from(vec![b'x'; HELD_BYTES + 1]));
        assert_eq!(outbox.release(room, Bytes::from_static(b"r")), Released::Overflowed);
        outbox.hold(room);
        outbox.send_of(room, &Bytes::from_static(b"2"));
        assert_eq!(outbox.release(room, Bytes::from_static(b"1")), Released::Live);
        assert_eq!(read(&mut client, 3).await, b"h12");
    }

    #[tokio::test]
    async fn many_small_frames_are_too_many_as_well() {
        let (outbox, client) = pair().await;
        socket2::SockRef::from(outbox.stream()).set_send_buffer_size(16 * 1024).unwrap();
        socket2::SockRef::from(&client).set_recv_buffer_size(16 * 1024).unwrap();
        outbox.greet(wire::text("hello"));
        let most = 4 * 1024 * 1024;
        let sent = (0..most).take_while(|_| {
            outbox.send(wire::pong(b""));
            !outbox.is_closing()
        });
        assert!(sent.count() < most);
        assert!(outbox.lock().backlog.len() <= BACKLOG_FRAMES + 1, "only what was begun, and the goodbye");
    }

    #[tokio::test]
    async fn one_that_does_not_read_is_closed_at_the_bound_behind_a_whole_frame() {
        let (outbox, mut client) = pair().await;
        socket2::SockRef::from(outbox.stream()).set_send_buffer_size(16 * 1024).unwrap();
        outbox.greet(wire::text("hello"));
        let frame = wire::text(&"y".repeat(10_000));
        for _ in 0..100_000 {
            if outbox.is_closing() {
                break;
            }
            outbox.send(frame.clone());
        }
        assert!(outbox.is_closing());
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.unwrap();
            all
        });
        outbox.flush(0).await.unwrap();
        drop(outbox);
        let all = reading.await.unwrap();
        let end = wire::close(CloseCode::TooSlow);
        assert!(all.ends_with(&end));
        let hello = wire::text("hello").len();
        assert_eq!((all.len() - hello - end.len()) % frame.len(), 0, "only whole frames before the close");
    }
}
