//! Commands: who can answer what, and exactly one outcome for each that was accepted. What a bot's command does is
//! not known here; what touches only the chat's own state is in [`own`].

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, Weak},
};

use dashmap::DashMap;
use parlor_broker::{Broker, Topology};
use parlor_protocol::{ids::MessageId, time::Timestamp};
use tokio::sync::{Notify, mpsc};

use self::invoke::{Handed, Outgoing};
use crate::{socket::Socket, store::Claim};

pub mod answer;
pub mod catalogue;
pub mod deadline;
pub mod invoke;
pub mod listen;
pub mod outcome;
pub mod own;

/// Sockets that can wait for one outcome.
const WAITERS: usize = 100;

#[derive(Debug)]
pub struct Commands {
    pub broker: Arc<dyn Broker>,
    pub topology: Topology,
    /// Accepted commands, on their way to their queues.
    pub handover: mpsc::Sender<Handed>,
    /// By command; a claim counts while its lease lasts.
    claims: RwLock<HashMap<String, Claim>>,
    waiting: DashMap<MessageId, Vec<Weak<Socket>>>,
    /// An invocation was recorded: its deadline may be the next.
    pub recorded: Notify,
    /// The catalogue was read anew.
    refreshed: Notify,
}

impl Commands {
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, topology: Topology) -> (Self, Outgoing) {
        let (handover, outgoing) = Outgoing::new();
        let commands = Self {
            broker,
            topology,
            handover,
            claims: RwLock::default(),
            waiting: DashMap::new(),
            recorded: Notify::new(),
            refreshed: Notify::new(),
        };
        (commands, outgoing)
    }

    /// The live claim on a command.
    #[must_use]
    pub fn claim(&self, command: &str) -> Option<Claim> {
        let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        claims.get(command).filter(|claim| claim.lease_until > Timestamp::now()).cloned()
    }
    /// All live claims.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        let now = Timestamp::now();
        let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        claims.values().filter(|claim| claim.lease_until > now).cloned().collect()
    }
    fn set_claims(&self, claims: Vec<Claim>) {
        let by_command = claims.into_iter().map(|claim| (claim.spec.name.clone(), claim)).collect();
        *self.claims.write().unwrap_or_else(PoisonError::into_inner) = by_command;
        self.refreshed.notify_waiters();
    }

    /// Makes the chat's own queues, so that bots that start with it find them. While the broker is out of reach, those
    /// who consume them make them as soon as they can.
    pub async fn declare_queues(&self) {
        for queue in [self.topology.bots(), self.topology.answers(), self.topology.dead()] {
            if let Err(error) = self.broker.declare(&queue).await {
                tracing::warn!(%error, queue = queue.name, "a queue could not be made yet");
            }
        }
    }

    /// Waits until these commands can be asked.
    pub async fn available(&self, commands: &[String]) {
        loop {
            let refreshed = self.refreshed.notified();
            tokio::pin!(refreshed);
            refreshed.as_mut().enable();
            if commands.iter().all(|command| self.claim(command).is_some()) {
                return;
            }
            refreshed.await;
        }
    }

    /// The socket will be told the outcome. `false` if it waits already, or too many do.
    pub fn wait(&self, id: MessageId, socket: &Arc<Socket>) -> bool {
        let mut waiters = self.waiting.entry(id).or_default();
        waiters.retain(|one| one.strong_count() > 0);
        let waits = waiters.iter().any(|one| std::ptr::eq(one.as_ptr(), Arc::as_ptr(socket)));
        if waits || waiters.len() >= WAITERS {
            return false;
        }
        waiters.push(Arc::downgrade(socket));
        true
    }
    /// The socket waits no more; `false` if it did not, or has been told.
    pub fn stop_waiting(&self, id: MessageId, socket: &Arc<Socket>) -> bool {
        let stopped = self.waiting.get_mut(&id).is_some_and(|mut waiters| {
            let before = waiters.len();
            waiters.retain(|one| !std::ptr::eq(one.as_ptr(), Arc::as_ptr(socket)));
            waiters.len() < before
        });
        self.waiting.remove_if(&id, |_, waiters| waiters.is_empty());
        stopped
    }
    /// Whoever waits for this outcome; they will not be told twice.
    fn take_waiting(&self, id: MessageId) -> Vec<Arc<Socket>> {
        let waiters = self.waiting.remove(&id).map(|(_, waiters)| waiters).unwrap_or_default();
        waiters.iter().filter_map(Weak::upgrade).collect()
    }
    /// Whoever waits for this outcome, for news on the way.
    fn waiting(&self, id: MessageId) -> Vec<Arc<Socket>> {
        self.waiting.get(&id).map(|waiters| waiters.iter().filter_map(Weak::upgrade).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
