//! RabbitMQ, for services in processes of their own.
//!
//! A task owns the connection: it connects, and connects again when it was lost, with a growing pause. Meanwhile
//! everything is [`BrokerError::Unavailable`] at once, and consumers and listeners have ended; who used them consumes or
//! listens again.
//!
//! Every buffer has a bound:
//!
//! | what waits | bound | then |
//! |---|---|---|
//! | unconfirmed messages | 64 | publishers wait, 5 s at most, then `Unavailable` |
//! | messages for a broker that is blocked | none | publishers wait 1 s, then `Unavailable` |
//! | hints before the wire | 1,024 | new ones are dropped and counted |
//! | hints on the way to a listener | 1,024 on its queue, as many received and read by nobody | the oldest, the newest are dropped |
//! | deliveries, and verdicts on them | the consumer's prefetch | the broker sends no more |
//! | messages on a queue | as declared, and up to as many more as are unconfirmed | as declared |
//! | queues that are declared again | 4,096 | further ones are declared by their users alone |
//!
//! A queue's bound is soft because a quorum queue says that it is full a little after it is. An acknowledgement may be
//! lost with the connection, and its message comes back: whoever takes one can take it twice.
//!
//! A dropped [`RabbitBroker`] ends its task too; [`RabbitBroker::close`] waits until what was settled has been said.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use lapin::types::ShortString;
use parlor_protocol::limits;
use tokio::{sync::watch, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    port::{Broker, BrokerError, Consumer, Hints, Message, Queue, QueueKind, Status},
    topology::Topology,
};

mod address;
mod backoff;
mod consume;
mod failure;
mod hints;
mod keeper;
mod link;
mod message;
mod publish;
mod queues;
mod session;

use address::Address;
pub use address::BadUrl;
use hints::Hint;
use session::Session;

/// Where a stock RabbitMQ is, with the account it comes with.
pub const STOCK_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

/// How long a start waits for a broker, before it goes on without.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a declaration, or the begin of receiving, may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Queues that are declared again after a reconnect.
const QUEUES_MAX: usize = 4_096;

/// A connection to RabbitMQ that comes back.
pub struct RabbitBroker {
    shared: Arc<Shared>,
    keeper: TaskTracker,
    stop: CancellationToken,
}

struct Shared {
    address: Address,
    hints_exchange: ShortString,
    session: Mutex<Option<Arc<Session>>>,
    status: watch::Sender<Status>,
    /// Work queues by name, for a broker that has forgotten them.
    queues: Mutex<BTreeMap<String, QueueKind>>,
}

impl RabbitBroker {
    /// Returns at once, whether or not the broker is there; [`Broker::status`] tells. Must be called within a runtime.
    ///
    /// # Errors
    /// [`BadUrl`]
    pub fn connect(url: &str, topology: &Topology) -> Result<Self, BadUrl> {
        let shared = Arc::new(Shared {
            address: Address::read(url)?,
            hints_exchange: ShortString::try_new(topology.hints()).map_err(|_| BadUrl::Prefix)?,
            session: Mutex::default(),
            status: watch::Sender::new(Status::Down),
            queues: Mutex::default(),
        });
        let (keeper, stop) = (TaskTracker::new(), CancellationToken::new());
        keeper.spawn(keeper::run(shared.clone(), stop.clone()));
        keeper.close();
        Ok(Self { shared, keeper, stop })
    }

    /// Waits a moment for the first connection, so that whoever asks for something next finds the broker if it is there.
    /// Why it is not, the connection's own task says; it tries on.
    pub async fn arrives(&self) {
        let _ = timeout(PATIENCE, self.status().wait_for(|&status| status == Status::Up)).await;
    }

    /// Ends the connection, within a few seconds even if the broker says nothing. What was settled before arrives before.
    pub async fn close(&self) {
        self.stop.cancel();
        self.keeper.wait().await;
    }
}

impl Drop for RabbitBroker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
impl fmt::Debug for RabbitBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, status) = (&self.shared.address, *self.shared.status.borrow());
        f.debug_struct("RabbitBroker").field("address", address).field("status", &status).finish_non_exhaustive()
    }
}

impl Shared {
    fn session(&self) -> Result<Arc<Session>, BrokerError> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(BrokerError::Unavailable)
    }

    fn remember(&self, queue: &Queue) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // An exclusive queue is gone with its connection, and its consumer declares it again.
        if matches!(queue.kind, QueueKind::Work { .. }) && queues.len() < QUEUES_MAX {
            queues.insert(queue.name.clone(), queue.kind.clone());
        }
    }
}

async fn answered<T>(asked: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
    timeout(ANSWER_WITHIN, asked).await.unwrap_or(Err(BrokerError::Unavailable))
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn declare(&self, queue: &Queue) -> Result<(), BrokerError> {
        answered(self.shared.session()?.declare(queue)).await?;
        self.shared.remember(queue);
        Ok(())
    }

    async fn publish(&self, queue: &str, message: Message) -> Result<(), BrokerError> {
        if message.body.len() > limits::BROKER_BYTES {
            return Err(BrokerError::Refused(format!("a message has at most {} bytes", limits::BROKER_BYTES)));
        }
        self.shared.session()?.publish(queue, &message).await
    }

    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, BrokerError> {
        answered(self.shared.session()?.consume(queue, prefetch)).await
    }

    fn announce(&self, topic: &str, body: Bytes) {
        match (self.shared.session(), ShortString::try_new(topic)) {
            (Ok(session), Ok(topic)) if body.len() <= limits::BROKER_BYTES => session.announce(Hint { topic, body }),
            _ => hints::lost(1),
        }
    }

    async fn listen(&self, topics: &[&str]) -> Result<Hints, BrokerError> {
        answered(self.shared.session()?.listen(topics)).await
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.shared.status.subscribe()
    }
}
