//! The walker of a room's channel: takes what passes the queue to the room's sockets, chunk by chunk.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parlor_protocol::ids::RoomId;

use super::{Channel, Item, State};
use crate::socket::Socket;

/// Sockets that are written to before others get a turn.
pub(super) const CHUNK: usize = 256;
/// Sockets of a room that is walked through by whoever has something for it.
const SMALL: usize = 32;
/// Bytes that are joined into one write at most.
const JOINED_BYTES: usize = 64 * 1024;

/// The room's sockets here. Only the walker changes them, so no lock is needed to walk.
#[derive(Debug, Default)]
pub(super) struct Walker {
    chunks: Vec<Chunk>,
}

#[derive(Debug)]
struct Chunk {
    sockets: Vec<Arc<Socket>>,
    /// The number of the queue's item that these sockets get next.
    next: u64,
}

/// A run of entries that was joined, for the chunks that need the same one.
struct Joined {
    from: u64,
    to: u64,
    bytes: Bytes,
}

/// What a walker meets in the queue.
enum Next {
    Control(Item),
    Entries,
}

/// Walks until the queue is empty, then rests.
pub(super) async fn walk(channel: Arc<Channel>, mut walker: Box<Walker>) {
    loop {
        // A room that is never quiet must not keep others from their turn.
        tokio::task::coop::consume_budget().await;
        let Some((awake, next)) = next(&channel, walker) else { return };
        walker = awake;
        match next {
            Next::Control(item) => walker.apply(channel.room, item, channel.lock().first),
            Next::Entries => walker.round(&channel).await,
        }
    }
}

/// As [`walk`], at once. Gives the walker back if the room is not small, or does not become quiet.
pub(super) fn walk_while_small(channel: &Channel, mut walker: Box<Walker>) -> Option<Box<Walker>> {
    for _ in 0..SMALL {
        if !walker.is_small() {
            break;
        }
        let (awake, next) = next(channel, walker)?;
        walker = awake;
        match next {
            Next::Control(item) => walker.apply(channel.room, item, channel.lock().first),
            Next::Entries => {
                let mut joined = None;
                walker.chunks.iter_mut().for_each(|chunk| {
                    chunk.write(channel, &mut joined);
                });
                walker.drop_what_all_have(channel);
            }
        }
    }
    Some(walker)
}

/// What comes next, for a walker that goes on; at the queue's end it rests.
fn next(channel: &Channel, walker: Box<Walker>) -> Option<(Box<Walker>, Next)> {
    let mut state = channel.lock();
    let next = match state.queue.front() {
        None => {
            state.resting = Some(walker);
            return None;
        }
        Some(Item::Entry(_)) => Next::Entries,
        Some(_) => Next::Control(state.pop()?),
    };
    Some((walker, next))
}

impl Chunk {
    /// Writes what these sockets lack of the run at the queue's front; whether there was anything.
    fn write(&mut self, channel: &Channel, joined: &mut Option<Joined>) -> bool {
        {
            let state = channel.lock();
            self.next = self.next.max(state.first);
            let to = run_end(&state, self.next);
            if to == self.next {
                return false;
            }
            if joined.as_ref().is_none_or(|joined| (joined.from, joined.to) != (self.next, to)) {
                *joined = Some(join(&state, self.next, to));
            }
        }
        let Some(Joined { to, bytes, .. }) = joined else { return false };
        for socket in &self.sockets {
            socket.outbox().send_of(channel.room, bytes);
        }
        self.next = *to;
        true
    }
}

impl Walker {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.sockets.is_empty())
    }

    fn is_small(&self) -> bool {
        self.chunks.iter().map(|chunk| chunk.sockets.len()).sum::<usize>() <= SMALL
    }

    /// One pass over all chunks that lack something of the run at the queue's front, then drops from the queue what
    /// all have.
    async fn round(&mut self, channel: &Channel) {
        let mut joined: Option<Joined> = None;
        let several = self.chunks.len() > 1;
        for chunk in &mut self.chunks {
            if chunk.write(channel, &mut joined) && several {
                tokio::task::yield_now().await;
            }
        }
        self.drop_what_all_have(channel);
    }

    fn drop_what_all_have(&self, channel: &Channel) {
        let mut state = channel.lock();
        let all_have = match self.chunks.iter().map(|chunk| chunk.next).min() {
            Some(least) => least,
            // Nobody is here: the run is over at once.
            None => state.first + 1,
        };
        while state.first < all_have && matches!(state.queue.front(), Some(Item::Entry(_))) {
            state.pop();
        }
        drop(state);
        channel.drained.notify_waiters();
    }

    /// Does what an item asks that is no entry. All chunks have got everything before it.
    fn apply(&mut self, room: RoomId, item: Item, next: u64) {
        match item {
            Item::Entry(_) => unreachable!("entries are taken in rounds"),
            Item::Join { socket, first } => {
                if let Some(first) = first {
                    socket.outbox().send(first);
                }
                match self.chunks.iter_mut().find(|chunk| chunk.sockets.len() < CHUNK) {
                    Some(chunk) => {
                        chunk.next = next;
                        chunk.sockets.push(socket);
                    }
                    None => self.chunks.push(Chunk { sockets: vec![socket], next }),
                }
            }
            Item::Hold { socket, cut, done } => {
                if self.contains(&socket) {
                    socket.outbox().hold(room);
                    // Whoever asked may have gone; then the socket is closed and the hold goes with it.
                    let _ = done.send(cut);
                }
            }
            Item::Gone { socket, last } => {
                if self.remove(&socket) {
                    socket.outbox().send_last_of(room, last);
                }
            }
            Item::Leave { socket } => {
                self.remove(&socket);
            }
        }
        self.chunks.retain(|chunk| !chunk.sockets.is_empty());
    }

    fn remove(&mut self, socket: &Arc<Socket>) -> bool {
        self.chunks.iter_mut().any(|chunk| {
            let place = chunk.sockets.iter().position(|one| Arc::ptr_eq(one, socket));
            place.map(|place| chunk.sockets.swap_remove(place)).is_some()
        })
    }

    fn contains(&self, socket: &Arc<Socket>) -> bool {
        self.chunks.iter().any(|chunk| chunk.sockets.iter().any(|one| Arc::ptr_eq(one, socket)))
    }
}

/// Where the run of entries that begins at `from` ends: at another kind of item, or with enough bytes.
fn run_end(state: &State, from: u64) -> u64 {
    let skip = usize::try_from(from - state.first).unwrap_or(usize::MAX);
    let mut bytes = 0;
    let run = state.queue.iter().skip(skip).take_while(|item| {
        let fits = bytes < JOINED_BYTES;
        bytes += item.bytes();
        fits && matches!(item, Item::Entry(_))
    });
    from + run.count() as u64
}

fn join(state: &State, from: u64, to: u64) -> Joined {
    let range = |n: u64| usize::try_from(n - state.first).unwrap_or(usize::MAX);
    let mut entries = state.queue.range(range(from)..range(to)).filter_map(|item| match item {
        Item::Entry(bytes) => Some(bytes),
        _ => None,
    });
    let bytes = if to - from == 1 {
        entries.next().cloned().unwrap_or_default()
    } else {
        let mut joined = BytesMut::new();
        entries.for_each(|bytes| joined.extend_from_slice(bytes));
        joined.freeze()
    };
    Joined { from, to, bytes }
}
