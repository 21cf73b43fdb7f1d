//! Which sockets are in which room, and one event's bytes to all of them.
//!
//! Everything that concerns a room passes its channel's one queue: entries, sockets that come, hold, or go. One
//! walker at a time takes it from the queue, so who gets which entry is decided by order alone. The walker writes to
//! the sockets itself; what was published while it walked is joined into one write for those still to come.
//!
//! The hub must not know what the bytes say, nor who may be in a room.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use dashmap::DashMap;
use parlor_protocol::ids::{PersonId, RoomId, Seq};
use tokio::sync::{Notify, oneshot};
use tokio_util::task::TaskTracker;

use crate::{
    socket::Socket,
    store::{Store, StoreError},
};

mod walk;

use walk::Walker;

/// Bytes a room's queue may hold; beyond, whoever publishes waits.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Rooms that are walked through before others get a turn.
const ROOMS_AT_ONCE: usize = 16;

#[derive(Debug)]
pub struct Hub {
    store: Arc<dyn Store>,
    rooms: DashMap<RoomId, Arc<Channel>>,
    people: DashMap<PersonId, Vec<Arc<Socket>>>,
    walkers: TaskTracker,
}

/// A room with sockets on this node.
#[derive(Debug)]
struct Channel {
    room: RoomId,
    state: Mutex<State>,
    /// The queue has become shorter.
    drained: Notify,
}

#[derive(Debug)]
struct State {
    position: Position,
    queue: VecDeque<Item>,
    /// The number of the queue's first item, counted since the channel was made.
    first: u64,
    queued_bytes: usize,
    /// The walker, while it does not walk.
    resting: Option<Box<Walker>>,
    /// Nobody was left; a new channel has taken this one's place.
    retired: bool,
}

/// Up to where the room's entries have passed the queue.
#[derive(Debug)]
enum Position {
    /// Not known yet: entries that come meanwhile wait.
    Opening(Vec<(Seq, Bytes)>),
    At(Seq),
}

/// What passes a room's queue.
#[derive(Debug)]
enum Item {
    Entry(Bytes),
    /// The socket gets `first`, if any, and then every entry behind this.
    Join {
        socket: Arc<Socket>,
        first: Option<Bytes>,
    },
    /// From here on the room's frames are held back for this socket; `done` learns the number.
    Hold {
        socket: Arc<Socket>,
        cut: Seq,
        done: oneshot::Sender<Seq>,
    },
    /// The socket gets `last` and no more.
    Gone {
        socket: Arc<Socket>,
        last: Bytes,
    },
    /// The socket has closed.
    Leave {
        socket: Arc<Socket>,
    },
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Entry(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl Hub {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, rooms: DashMap::new(), people: DashMap::new(), walkers: TaskTracker::new() }
    }

    // ---- sockets of people ----

    /// Makes the socket known as one of its person's; `false` if the person has `most` already.
    #[must_use]
    pub fn arrive(&self, socket: &Arc<Socket>, most: Option<usize>) -> bool {
        let mut sockets = self.people.entry(socket.person()).or_default();
        if most.is_some_and(|most| sockets.len() >= most) {
            return false;
        }
        sockets.push(Arc::clone(socket));
        metrics::gauge!("parlor_sockets").increment(1.0);
        true
    }

    /// Forgets a closed socket everywhere.
    pub fn depart(&self, socket: &Arc<Socket>) {
        let arrived = self.people.get_mut(&socket.person()).is_some_and(|mut sockets| {
            let before = sockets.len();
            sockets.retain(|one| !Arc::ptr_eq(one, socket));
            sockets.len() < before
        });
        self.people.remove_if(&socket.person(), |_, sockets| sockets.is_empty());
        if arrived {
            metrics::gauge!("parlor_sockets").decrement(1.0);
        }
        for room in socket.leave_all() {
            if let Some(channel) = self.channel(room) {
                self.push(&channel, Item::Leave { socket: Arc::clone(socket) });
            }
        }
    }

    #[must_use]
    pub fn sockets_of(&self, person: PersonId) -> Vec<Arc<Socket>> {
        self.people.get(&person).map(|sockets| sockets.clone()).unwrap_or_default()
    }

    /// Every socket of this node.
    #[must_use]
    pub fn sockets(&self) -> Vec<Arc<Socket>> {
        self.people.iter().flat_map(|sockets| sockets.value().clone()).collect()
    }

    /// Sends to all of a person's sockets.
    pub fn send_to(&self, person: PersonId, bytes: &Bytes) {
        for socket in self.sockets_of(person) {
            socket.outbox().send(bytes.clone());
        }
    }

    /// Sends to everybody, one socket after the other, without holding anybody up.
    pub async fn send_to_all(&self, bytes: &Bytes) {
        for (i, socket) in self.sockets().into_iter().enumerate() {
            socket.outbox().send(bytes.clone());
            if i % walk::CHUNK == walk::CHUNK - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    // ---- rooms ----

    fn channel(&self, room: RoomId) -> Option<Arc<Channel>> {
        self.rooms.get(&room).map(|channel| Arc::clone(&channel))
    }

    /// Puts the socket into a room, from the returned number on. `None` if it is there already, or there is no such
    /// room.
    ///
    /// # Errors
    /// If the store does not say where the room's log stands.
    pub async fn join(&self, room: RoomId, socket: &Arc<Socket>) -> Result<Option<Seq>, StoreError> {
        self.enter(room, socket, |_| None).await
    }

    async fn enter(
        &self,
        room: RoomId,
        socket: &Arc<Socket>,
        first: impl Fn(Seq) -> Option<Bytes>,
    ) -> Result<Option<Seq>, StoreError> {
        loop {
            let channel = Arc::clone(&self.rooms.entry(room).or_insert_with(|| Arc::new(Channel::new(room))));
            let Some(opened) = self.open(&channel).await? else { return Ok(None) };
            let mut state = channel.lock();
            if state.retired {
                continue;
            }
            // Noted and queued in one: whoever is expelled or closes afterwards is queued behind.
            if !socket.enter(room) {
                return Ok(None);
            }
            let cut = state.cut(opened);
            state.push(Item::Join { socket: Arc::clone(socket), first: first(cut) });
            self.wake(&channel, state);
            return Ok(Some(cut));
        }
    }

    /// Learns where the room's log stands, if the channel is new.
    async fn open(&self, channel: &Arc<Channel>) -> Result<Option<Seq>, StoreError> {
        if let Position::At(seq) = channel.lock().position {
            return Ok(Some(seq));
        }
        let last = match self.store.last_seq(channel.room).await {
            Ok(Some(last)) => last,
            unknown => {
                // A channel that nobody opens must not gather entries for ever; the next to come makes a new one.
                let retires = {
                    let mut state = channel.lock();
                    state.retired |= matches!(state.position, Position::Opening(_));
                    state.retired
                };
                if retires {
                    self.rooms.remove_if(&channel.room, |_, there| Arc::ptr_eq(there, channel));
                }
                return unknown;
            }
        };
        let mut state = channel.lock();
        if let Position::Opening(waiting) = &mut state.position {
            let waiting = std::mem::take(waiting);
            state.position = Position::At(last);
            for (seq, bytes) in waiting {
                state.entry(seq, bytes);
            }
        }
        Ok(Some(last))
    }

    fn push(&self, channel: &Arc<Channel>, item: Item) {
        let mut state = channel.lock();
        state.push(item);
        self.wake(channel, state);
    }

    /// Holds a room's live frames back for a socket that is in it, once all before have been written; the number from
    /// which they are held. `None` if the socket is not in the room: that too is known only behind what waits, or a
    /// room's last frame would overtake others.
    pub async fn hold(&self, room: RoomId, socket: &Arc<Socket>) -> Option<Seq> {
        let channel = self.channel(room)?;
        let (done, held) = oneshot::channel();
        {
            let mut state = channel.lock();
            let cut = state.cut(Seq::ZERO);
            state.push(Item::Hold { socket: Arc::clone(socket), cut, done });
            self.wake(&channel, state);
        }
        // The walker drops `done` if the socket has left meanwhile.
        held.await.ok()
    }

    /// Hands entries to their rooms' sockets, if there are any here. Entries of a room come in the order of their
    /// numbers; one that has been here before is dropped. Waits while a room's queue is full.
    ///
    /// All are queued before any is written, so that a room's sockets get what came together in one write.
    pub async fn publish(&self, entries: Vec<(RoomId, Seq, Bytes)>) {
        let mut channels = Vec::with_capacity(entries.len());
        for (room, seq, bytes) in entries {
            if let Some(channel) = self.channel(room) {
                self.queue(&channel, seq, bytes).await;
                channels.push(channel);
            }
        }
        for (i, channel) in channels.into_iter().enumerate() {
            let state = channel.lock();
            self.wake(&channel, state);
            if i % ROOMS_AT_ONCE == ROOMS_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn queue(&self, channel: &Arc<Channel>, seq: Seq, bytes: Bytes) {
        loop {
            let drained = channel.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            {
                let mut state = channel.lock();
                if state.queued_bytes < QUEUE_BYTES || state.queue.is_empty() {
                    return state.entry(seq, bytes);
                }
                self.wake(channel, state);
            }
            drained.await;
        }
    }

    /// A person became a member: each of the person's sockets gets `first`, made for the number from which on the
    /// room's entries follow it.
    ///
    /// # Errors
    /// If the store does not say where the room's log stands.
    pub async fn admit(
        &self,
        room: RoomId,
        person: PersonId,
        first: impl Fn(Seq) -> Bytes + Sync,
    ) -> Result<(), StoreError> {
        for socket in self.sockets_of(person) {
            self.enter(room, &socket, |cut| Some(first(cut))).await?;
        }
        Ok(())
    }

    /// A person is no member any more: `last` goes to the person's sockets that are in the room, and nothing after it.
    pub fn expel(&self, room: RoomId, person: PersonId, last: &Bytes) {
        for socket in self.sockets_of(person) {
            self.expel_one(room, &socket, last);
        }
    }

    /// As [`Hub::expel`], for one socket.
    pub fn expel_one(&self, room: RoomId, socket: &Arc<Socket>, last: &Bytes) {
        if socket.exit(room)
            && let Some(channel) = self.channel(room)
        {
            self.push(&channel, Item::Gone { socket: Arc::clone(socket), last: last.clone() });
        }
    }

    /// A walk through a small room is over sooner than a task would begin: whoever has something for it walks.
    fn wake(&self, channel: &Arc<Channel>, mut state: MutexGuard<'_, State>) {
        if state.queue.is_empty() {
            return;
        }
        let Some(walker) = state.resting.take() else { return };
        drop(state);
        if let Some(walker) = walk::walk_while_small(channel, walker) {
            self.walkers.spawn(walk::walk(Arc::clone(channel), walker));
        }
    }

    /// Drops channels in which nobody is left. Called now and then.
    pub fn sweep(&self) {
        self.rooms.retain(|_, channel| {
            let mut state = channel.lock();
            let idle = state.queue.is_empty() && state.resting.as_ref().is_some_and(|walker| walker.is_empty());
            state.retired = idle && matches!(state.position, Position::At(_));
            !state.retired
        });
    }

    /// Waits until all that was published is written or queued at its sockets.
    pub async fn settle(&self) {
        self.walkers.close();
        self.walkers.wait().await;
        self.walkers.reopen();
    }
}

impl Channel {
    fn new(room: RoomId) -> Self {
        let state = State {
            position: Position::Opening(Vec::new()),
            queue: VecDeque::new(),
            first: 0,
            queued_bytes: 0,
            resting: Some(Box::default()),
            retired: false,
        };
        Self { room, state: Mutex::new(state), drained: Notify::new() }
    }
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is consistent after every statement that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The number at which an item stands that is pushed now; `opened` if nobody has looked into the store yet.
    fn cut(&self, opened: Seq) -> Seq {
        match self.position {
            Position::At(seq) => seq,
            Position::Opening(_) => opened,
        }
    }
    fn push(&mut self, item: Item) {
        self.queued_bytes += item.bytes();
        self.queue.push_back(item);
    }
    fn entry(&mut self, seq: Seq, bytes: Bytes) {
        match &mut self.position {
            Position::Opening(waiting) => waiting.push((seq, bytes)),
            Position::At(position) if seq > *position => {
                debug_assert_eq!(seq, position.next(), "one node publishes a room's entries in order");
                *position = seq;
                self.push(Item::Entry(bytes));
            }
            Position::At(_) => {}
        }
    }
    fn pop(&mut self) -> Option<Item> {
        let item = self.queue.pop_front()?;
        self.first += 1;
        self.queued_bytes -= item.bytes();
        Some(item)
    }
}

#[cfg(test)]
mod tests;
