//! Connections that have not sent a request yet. They cost their opener nothing, so there is a bound: at it, the one
//! that has waited longest goes. Must not know what a request is.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// Those who wait, in the order they came.
#[derive(Debug, Clone)]
pub(crate) struct WaitingRoom {
    seats: usize,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// By number; a token that is cancelled sends its holder away.
    holders: BTreeMap<u64, CancellationToken>,
}

/// A place in the waiting room, given up at the first request or when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    room: WaitingRoom,
    sent_away: CancellationToken,
}

impl WaitingRoom {
    pub(crate) fn new(seats: usize) -> Self {
        Self { seats: seats.max(1), waiting: Arc::default() }
    }

    pub(crate) fn enter(&self) -> Seat {
        let sent_away = CancellationToken::new();
        let mut waiting = self.lock();
        if waiting.holders.len() >= self.seats
            && let Some((_, longest)) = waiting.holders.pop_first()
        {
            longest.cancel();
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.holders.insert(number, sent_away.clone());
        Seat { number, room: self.clone(), sent_away }
    }

    pub(crate) fn send_all_away(&self) {
        let holders = std::mem::take(&mut self.lock().holders);
        holders.values().for_each(CancellationToken::cancel);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every change of the map is one call, so a panic elsewhere leaves it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(crate) fn give_up(&self) {
        self.room.lock().holders.remove(&self.number);
    }
    /// Ends when this one has to go.
    pub(crate) async fn sent_away(&self) {
        self.sent_away.cancelled().await;
    }
}
impl Drop for Seat {
    fn drop(&mut self) {
        self.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_the_bound_the_longest_waiting_goes() {
        let room = WaitingRoom::new(2);
        let (first, second) = (room.enter(), room.enter());
        first.give_up();
        let third = room.enter();
        assert!(!second.sent_away.is_cancelled());
        let fourth = room.enter();
        assert!(second.sent_away.is_cancelled() && !first.sent_away.is_cancelled());
        drop(third);
        drop(room.enter());
        assert!(!fourth.sent_away.is_cancelled());
        room.send_all_away();
        assert!(fourth.sent_away.is_cancelled());
    }
}
