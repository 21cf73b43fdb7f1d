//! The walker of a room's channel: takes what passes the queue to the room's sockets, chunk by chunk.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use parlor_protocol::ids::RoomId;

use super::{Channel, Item, State};
use crate::socket::Socket;

/// Sockets that are written to before others get a turn.
pub(super) const CHUNK: usize = 256;
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

/// Walks until the queue is empty, then rests.
pub(super) async fn walk(channel: Arc<Channel>, mut walker: Box<Walker>) {
    loop {
        // A room that is never quiet must not keep others from their turn.
        tokio::task::coop::consume_budget().await;
        let control = {
            let mut state = channel.lock();
            match state.queue.front() {
                None => {
                    state.resting = Some(walker);
                    return;
                }
                Some(Item::Entry(_)) => None,
                Some(_) => state.pop(),
            }
        };
        match control {
            Some(item) => walker.apply(channel.room, item, channel.lock().first),
            None => walker.round(&channel).await,
        }
    }
}

impl Walker {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.sockets.is_empty())
    }

    /// One pass over all chunks that lack something of the run at the queue's front, then drops from the queue what
    /// all have.
    async fn round(&mut self, channel: &Channel) {
        let mut joined: Option<Joined> = None;
        let room = channel.room;
        let several = self.chunks.len() > 1;
        for chunk in &mut self.chunks {
            {
                let state = channel.lock();
                chunk.next = chunk.next.max(state.first);
                let to = run_end(&state, chunk.next);
                if to == chunk.next {
                    continue;
                }
                if joined.as_ref().is_none_or(|joined| (joined.from, joined.to) != (chunk.next, to)) {
                    joined = Some(join(&state, chunk.next, to));
                }
            }
            let Some(Joined { to, bytes, .. }) = &joined else { continue };
            for socket in &chunk.sockets {
                socket.outbox().send_of(room, bytes);
            }
            chunk.next = *to;
            if several {
                tokio::task::yield_now().await;
            }
        }
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
