//! One queue in memory: its order, its bounds, whose turn is next. It has no lock and no clock of its own, and must
//! not know the other queues; what dies here is handed back to the caller.

use std::collections::VecDeque;

use tokio::{sync::mpsc::Sender, time::Instant};

use crate::port::{DeadReason, Delivery, Message, QueueKind, Verdict};

pub(super) struct QueueState {
    kind: QueueKind,
    /// What nobody has yet, in the order of arrival: by `number`.
    ready: VecDeque<Stored>,
    last_number: u64,
    /// The consumers; the first is the next to get something.
    seats: VecDeque<Seat>,
}

/// A message on a queue.
pub(super) struct Stored {
    number: u64,
    message: Message,
    expires: Option<Instant>,
    handed_out: u32,
}

/// A consumer's place at the queue.
pub(super) struct Seat {
    id: u64,
    feed: Sender<Delivery>,
    unsettled: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Stored {
    pub(super) fn message(&self) -> &Message {
        &self.message
    }
    pub(super) fn into_message(self) -> Message {
        self.message
    }
    pub(super) fn redelivered(&self) -> bool {
        self.handed_out > 1
    }
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }
}

impl QueueState {
    pub(super) fn new(kind: QueueKind) -> Self {
        Self { kind, ready: VecDeque::new(), last_number: 0, seats: VecDeque::new() }
    }
    pub(super) fn kind(&self) -> &QueueKind {
        &self.kind
    }
    pub(super) fn head_expires(&self) -> Option<Instant> {
        self.ready.front()?.expires
    }

    pub(super) fn push(&mut self, message: Message, now: Instant) -> Result<(), Full> {
        match self.kind {
            QueueKind::Work { max_length, .. } if self.ready.len() >= max_length as usize => return Err(Full),
            QueueKind::Exclusive { max_length } if self.ready.len() >= max_length as usize => {
                self.ready.pop_front();
                metrics::counter!("parlor_broker_oldest_dropped_total").increment(1);
            }
            QueueKind::Work { .. } | QueueKind::Exclusive { .. } => {}
        }
        self.last_number += 1;
        // A time so far away that it cannot be told never comes.
        let expires = message.expires_in.and_then(|time| now.checked_add(time));
        self.ready.push_back(Stored { number: self.last_number, message, expires, handed_out: 0 });
        Ok(())
    }

    pub(super) fn take_expired(&mut self, now: Instant) -> Vec<Stored> {
        let mut expired = Vec::new();
        while self.ready.front().is_some_and(|head| head.has_expired(now)) {
            expired.extend(self.ready.pop_front());
        }
        expired
    }

    /// Gives a consumer its place; false if the queue is exclusive and taken.
    pub(super) fn seat(&mut self, id: u64, feed: Sender<Delivery>) -> bool {
        if matches!(self.kind, QueueKind::Exclusive { .. }) && !self.seats.is_empty() {
            return false;
        }
        self.seats.push_back(Seat { id, feed, unsettled: 0 });
        true
    }

    pub(super) fn leave(&mut self, id: u64) -> Option<Seat> {
        let place = self.seats.iter().position(|seat| seat.id == id)?;
        self.seats.remove(place)
    }

    /// Hands out from the head, in turn, while somebody can take more; returns what has expired instead.
    pub(super) fn hand_out(&mut self, now: Instant, delivery: impl Fn(Stored, u64) -> Delivery) -> Vec<Stored> {
        let mut expired = Vec::new();
        loop {
            expired.append(&mut self.take_expired(now));
            if self.ready.is_empty() {
                return expired;
            }
            let Some(place) = self.seats.iter().position(Seat::can_take) else { return expired };
            let Some(mut seat) = self.seats.remove(place) else { return expired };
            // The room is reserved before the message leaves the queue: if the consumer has gone, nothing moved.
            if seat.hand(&mut self.ready, &delivery) {
                seat.unsettled += 1;
            }
            self.seats.push_back(seat);
        }
    }

    /// Takes a verdict; returns the message if it is dead now.
    pub(super) fn settle(&mut self, seat: u64, stored: Stored, verdict: Verdict) -> Option<(Stored, DeadReason)> {
        let seat = self.seats.iter_mut().find(|known| known.id == seat);
        let seated = seat.is_some();
        if let Some(seat) = seat {
            seat.unsettled = seat.unsettled.saturating_sub(1);
        }
        match (verdict, &self.kind) {
            (Verdict::Ack, _) => None,
            (Verdict::Reject, _) => Some((stored, DeadReason::Rejected)),
            (Verdict::Requeue, QueueKind::Work { delivery_limit, .. }) if stored.handed_out >= *delivery_limit => {
                Some((stored, DeadReason::DeliveryLimit))
            }
            // This exclusive queue is another one, made anew under the name of the one that the message came from.
            (Verdict::Requeue, QueueKind::Exclusive { .. }) if !seated => None,
            (Verdict::Requeue, _) => {
                let place = self.ready.partition_point(|other| other.number < stored.number);
                self.ready.insert(place, stored);
                None
            }
        }
    }
}

impl Seat {
    fn hand(&self, ready: &mut VecDeque<Stored>, delivery: impl Fn(Stored, u64) -> Delivery) -> bool {
        let Ok(room) = self.feed.try_reserve() else { return false };
        let Some(mut head) = ready.pop_front() else { return false };
        head.handed_out += 1;
        room.send(delivery(head, self.id));
        true
    }
    fn can_take(&self) -> bool {
        !self.feed.is_closed() && self.unsettled < self.feed.max_capacity()
    }
}
