//! The broker inside this process, for `parlor serve` and for tests: queues and topics behind one lock each.
//! It must not know what messages mean, and it outlives no restart: a row elsewhere vouches for each message.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use async_trait::async_trait;
use bytes::Bytes;
use parlor_protocol::limits;
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::Instant,
};

use crate::port::{
    Broker, BrokerError, Consumer, DeadReason, Delivery, Hints, Message, Queue, QueueKind, Status, Verdict,
};

mod queue;
mod topics;

use queue::{QueueState, Stored};
use topics::Topics;

/// A broker in memory. All who share it through an `Arc` are connected to the same one.
pub struct MemoryBroker {
    shared: Arc<Shared>,
    status: watch::Sender<Status>,
    /// Watches the heads of the queues once a message that can expire has come; ends with the broker.
    timekeeper: OnceLock<AbortHandle>,
}

struct Shared {
    queues: Mutex<Queues>,
    topics: Mutex<Topics>,
    /// A head that expires sooner than the timekeeper expects to be needed.
    sooner: Arc<Notify>,
}

#[derive(Default)]
struct Queues {
    by_name: HashMap<Arc<str>, QueueState>,
    last_seat: u64,
    /// When the timekeeper looks next.
    next_look: Option<Instant>,
}

impl MemoryBroker {
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { queues: Mutex::default(), topics: Mutex::default(), sooner: Arc::default() };
        Self { shared: Arc::new(shared), status: watch::Sender::new(Status::Up), timekeeper: OnceLock::new() }
    }

    fn keep_time(&self) {
        self.timekeeper.get_or_init(|| {
            let (shared, sooner) = (Arc::downgrade(&self.shared), self.shared.sooner.clone());
            tokio::spawn(keep_time(shared, sooner)).abort_handle()
        });
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new()
    }
}
impl Drop for MemoryBroker {
    fn drop(&mut self) {
        if let Some(timekeeper) = self.timekeeper.get() {
            timekeeper.abort();
        }
    }
}
impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBroker").field("queues", &self.shared.queues().by_name.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn declare(&self, queue: &Queue) -> Result<(), BrokerError> {
        let mut queues = self.shared.queues();
        match queues.by_name.get(queue.name.as_str()) {
            Some(there) if there.kind() != &queue.kind => {
                Err(BrokerError::Refused(format!("the queue {} exists with another kind", queue.name)))
            }
            Some(_) => Ok(()),
            None => {
                queues.by_name.insert(queue.name.as_str().into(), QueueState::new(queue.kind.clone()));
                Ok(())
            }
        }
    }

    async fn publish(&self, queue: &str, message: Message) -> Result<(), BrokerError> {
        if message.body.len() > limits::BROKER_BYTES {
            return Err(BrokerError::Refused(format!("a message has at most {} bytes", limits::BROKER_BYTES)));
        }
        if message.expires_in.is_some() {
            self.keep_time();
        }
        let now = Instant::now();
        let mut queues = self.shared.queues();
        let Some((name, state)) = queues.named(queue) else { return Err(BrokerError::NoQueue(queue.to_owned())) };
        // What has expired at the head takes no room from what is still needed.
        let expired = state.take_expired(now);
        let taken = state.push(Message { dead_because: None, ..message }, now);
        self.shared.bury(&mut queues, &name, expired, DeadReason::Expired, now);
        self.shared.pump(&mut queues, &name, now);
        taken.map_err(|queue::Full| BrokerError::Full(queue.to_owned()))
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, BrokerError> {
        let mut queues = self.shared.queues();
        queues.last_seat += 1;
        let seat = queues.last_seat;
        let Some((name, state)) = queues.named(queue) else { return Err(BrokerError::NoQueue(queue.to_owned())) };
        let (feed, consumer) = Consumer::channel(prefetch);
        if !state.seat(seat, feed) {
            return Err(BrokerError::Refused(format!("the queue {queue} has its one consumer")));
        }
        self.shared.pump(&mut queues, &name, Instant::now());
        let shared = Arc::downgrade(&self.shared);
        Ok(consumer.when_gone(move || {
            if let Some(shared) = shared.upgrade() {
                shared.leave(&name, seat);
            }
        }))
    }

    fn announce(&self, topic: &str, body: Bytes) {
        self.shared.topics().announce(topic, &body);
    }

    async fn listen(&self, topics: &[&str]) -> Result<Hints, BrokerError> {
        let (feed, hints) = Hints::channel();
        self.shared.topics().add(topics, &feed);
        Ok(hints)
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }
}

impl Queues {
    fn named(&mut self, name: &str) -> Option<(Arc<str>, &mut QueueState)> {
        let name = self.by_name.get_key_value(name)?.0.clone();
        let state = self.by_name.get_mut(&name)?;
        Some((name, state))
    }
}

impl Shared {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what can be handed out from this queue.
    fn pump(self: &Arc<Self>, queues: &mut Queues, name: &Arc<str>, now: Instant) {
        let Some(state) = queues.by_name.get_mut(name) else { return };
        let expired = state.hand_out(now, |stored, seat| self.delivery(name.clone(), seat, stored));
        let head_expires = state.head_expires();
        if head_expires.is_some_and(|at| queues.next_look.is_none_or(|look| at < look)) {
            queues.next_look = head_expires;
            self.sooner.notify_one();
        }
        self.bury(queues, name, expired, DeadReason::Expired, now);
    }

    /// Moves what `queue` lets go of to its dead letters, or drops it. A dead letter does not expire, so a ring of
    /// queues comes to rest.
    fn bury(self: &Arc<Self>, queues: &mut Queues, queue: &str, dead: Vec<Stored>, reason: DeadReason, now: Instant) {
        if dead.is_empty() {
            return;
        }
        metrics::counter!("parlor_broker_dead_letters_total", "reason" => reason.as_str()).increment(dead.len() as u64);
        let Some(QueueKind::Work { dead_letters: Some(target), .. }) = queues.by_name.get(queue).map(QueueState::kind)
        else {
            return;
        };
        let target = target.clone();
        let Some((target, state)) = queues.named(&target) else { return };
        for stored in dead {
            let message = Message { expires_in: None, dead_because: Some(reason), ..stored.into_message() };
            if state.push(message, now).is_err() {
                metrics::counter!("parlor_broker_dead_letters_lost_total").increment(1);
            }
        }
        self.pump(queues, &target, now);
    }

    fn delivery(self: &Arc<Self>, queue: Arc<str>, seat: u64, stored: Stored) -> Delivery {
        // Weak: a delivery that waits inside its own broker must not keep it alive.
        let shared = Arc::downgrade(self);
        let (message, redelivered) = (stored.message().clone(), stored.redelivered());
        Delivery::new(message, redelivered, move |verdict| {
            if let Some(shared) = shared.upgrade() {
                shared.settle(&queue, seat, stored, verdict);
            }
        })
    }

    fn settle(self: &Arc<Self>, name: &Arc<str>, seat: u64, stored: Stored, verdict: Verdict) {
        let mut queues = self.queues();
        let Some(state) = queues.by_name.get_mut(name) else { return };
        let now = Instant::now();
        if let Some((dead, reason)) = state.settle(seat, stored, verdict) {
            self.bury(&mut queues, name, vec![dead], reason, now);
        }
        self.pump(&mut queues, name, now);
    }

    /// A consumer has gone. Its end of the channel is dropped outside the lock, because a delivery that was still
    /// on its way in it comes back through [`Shared::settle`].
    fn leave(self: &Arc<Self>, name: &Arc<str>, seat: u64) {
        let mut queues = self.queues();
        let Some(state) = queues.by_name.get_mut(name) else { return };
        let left = state.leave(seat);
        let gone = match state.kind() {
            QueueKind::Exclusive { .. } if left.is_some() => queues.by_name.remove(name),
            _ => None,
        };
        drop(queues);
        drop((left, gone));
        self.pump(&mut self.queues(), name, Instant::now());
    }
}

/// Sees to it that a message expires on a queue that nobody touches.
async fn keep_time(shared: Weak<Shared>, sooner: Arc<Notify>) {
    while let Some(next_look) = shared.upgrade().map(|shared| look_at_heads(&shared)) {
        match next_look {
            Some(at) => {
                let _ = tokio::time::timeout_at(at, sooner.notified()).await;
            }
            None => sooner.notified().await,
        }
    }
}

fn look_at_heads(shared: &Arc<Shared>) -> Option<Instant> {
    let now = Instant::now();
    let mut queues = shared.queues();
    queues.next_look = None;
    let due: Vec<_> = queues
        .by_name
        .iter()
        .filter(|(_, state)| state.head_expires().is_some_and(|at| at <= now))
        .map(|(name, _)| name.clone())
        .collect();
    for name in due {
        shared.pump(&mut queues, &name, now);
    }
    queues.next_look = queues.by_name.values().filter_map(QueueState::head_expires).min();
    queues.next_look
}

#[cfg(test)]
mod tests;
