//! A person's connection: who it belongs to, which rooms it is in, and its way out.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, Ordering},
};

use parlor_protocol::{
    ids::{PersonId, RoomId, SessionId},
    time::Timestamp,
};
use tokio::net::TcpStream;

use crate::{outbox::Outbox, who::Who};

pub mod life;
pub mod sweep;
pub mod upgrade;
pub mod wire;

#[derive(Debug)]
pub struct Socket {
    person: PersonId,
    session: SessionId,
    session_ends: Timestamp,
    outbox: Outbox,
    /// The rooms whose channels it has been put into; `None` once it has closed.
    rooms: Mutex<Option<Vec<RoomId>>>,
    /// When anything was last heard of the client, in milliseconds since 1970.
    heard: AtomicI64,
}

impl Socket {
    #[must_use]
    pub fn new(who: &Who, stream: TcpStream) -> Self {
        Self {
            person: who.person().id,
            session: who.session(),
            session_ends: who.session_ends(),
            outbox: Outbox::new(stream),
            rooms: Mutex::new(Some(Vec::new())),
            heard: AtomicI64::new(Timestamp::now().millis()),
        }
    }
    /// A socket of somebody's, for tests of what is not about sessions.
    #[cfg(test)]
    pub fn of(person: PersonId, stream: TcpStream) -> Self {
        Self {
            person,
            session: SessionId::new(),
            session_ends: Timestamp::from_millis(i64::MAX),
            outbox: Outbox::new(stream),
            rooms: Mutex::new(Some(Vec::new())),
            heard: AtomicI64::new(0),
        }
    }
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.person
    }
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }
    #[must_use]
    pub fn session_ends(&self) -> Timestamp {
        self.session_ends
    }
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn rooms(&self) -> MutexGuard<'_, Option<Vec<RoomId>>> {
        // A list of ids is whole after every statement that can panic.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Notes a room; `false` if it was noted before or the socket has closed.
    #[must_use]
    pub fn enter(&self, room: RoomId) -> bool {
        match &mut *self.rooms() {
            Some(rooms) if !rooms.contains(&room) => {
                rooms.push(room);
                true
            }
            _ => false,
        }
    }
    /// Forgets a room; whether it was noted.
    pub fn exit(&self, room: RoomId) -> bool {
        let mut rooms = self.rooms();
        let place = rooms.as_ref().and_then(|rooms| rooms.iter().position(|one| *one == room));
        place.and_then(|place| rooms.as_mut().map(|rooms| rooms.swap_remove(place))).is_some()
    }
    #[must_use]
    pub fn is_in(&self, room: RoomId) -> bool {
        self.rooms().as_ref().is_some_and(|rooms| rooms.contains(&room))
    }
    /// The rooms it was in; from now on it can enter none.
    #[must_use]
    pub fn leave_all(&self) -> Vec<RoomId> {
        self.rooms().take().unwrap_or_default()
    }

    /// Notes that the client is alive.
    pub fn hear(&self) {
        self.heard.store(Timestamp::now().millis(), Ordering::Relaxed);
    }
    #[must_use]
    pub fn heard(&self) -> Timestamp {
        Timestamp::from_millis(self.heard.load(Ordering::Relaxed))
    }
}
