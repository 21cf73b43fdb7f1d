//! The port: what every broker adapter does, and the two one-way handles made from it.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// One connection to a broker, shared by a service's parts.
#[async_trait]
pub trait Broker: Send + Sync + fmt::Debug + 'static {
    /// Makes the queue if it is not there. The same queue may be declared any number of times.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`]; [`BrokerError::Refused`] if it exists with another kind.
    async fn declare(&self, queue: &Queue) -> Result<(), BrokerError>;

    /// Puts a message on a queue. `Ok` means that the broker has it (and, on a work queue, keeps it over a
    /// restart of the broker where the adapter's broker can restart).
    ///
    /// # Errors
    /// [`BrokerError::Full`] at the queue's bound, [`BrokerError::NoQueue`] if nobody declared it,
    /// [`BrokerError::Refused`] for a body above [`parlor_protocol::limits::BROKER_BYTES`],
    /// [`BrokerError::Unavailable`] while the connection is down; it may have arrived nevertheless.
    async fn publish(&self, queue: &str, message: Message) -> Result<(), BrokerError>;

    /// Starts to receive from a declared queue. At most `prefetch` deliveries are unsettled at once. Consumers of
    /// one queue share its messages.
    ///
    /// # Errors
    /// [`BrokerError::NoQueue`] if nobody declared it, [`BrokerError::Refused`] if it is exclusive and has a
    /// consumer, [`BrokerError::Unavailable`].
    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, BrokerError>;

    /// Tells whoever listens to `topic` now. Never waits and may be lost: a hint, no more.
    fn announce(&self, topic: &str, body: Bytes);

    /// Listens to these topics. At most 1,024 hints wait; then new ones are dropped and counted.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`]
    async fn listen(&self, topics: &[&str]) -> Result<Hints, BrokerError>;

    /// Whether the connection is up, now and from now on.
    fn status(&self) -> watch::Receiver<Status>;
}

/// Hints that wait for a listener at most; further ones are dropped.
pub const HINTS_MAX: usize = 1_024;

/// A queue to declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub name: String,
    pub kind: QueueKind,
}

/// What a queue promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueKind {
    /// Kept whether or not anybody consumes it. At `max_length` messages it refuses more. A message that was
    /// rejected, has expired, or came back unsettled `delivery_limit` times goes to `dead_letters`; without
    /// such a queue nobody sees it again.
    Work { max_length: u32, delivery_limit: u32, dead_letters: Option<String> },
    /// For one consumer of this connection, and gone with it. At `max_length` messages it drops the oldest.
    Exclusive { max_length: u32 },
}

/// A message on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    pub body: Bytes,
    /// What this is about: an invocation's id.
    pub correlation_id: Option<String>,
    /// The queue that an answer is expected on.
    pub reply_to: Option<String>,
    /// After this long on a queue nobody needs it any more.
    pub expires_in: Option<Duration>,
    /// Set by the broker on a dead letter; ignored on the way in.
    pub dead_because: Option<DeadReason>,
}

/// Why a message became a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadReason {
    /// Nobody took it in time; whoever waited for it has given up by now.
    Expired,
    /// A consumer could do nothing with it.
    Rejected,
    /// It came back unsettled too often.
    DeliveryLimit,
}

impl DeadReason {
    /// As metrics and logs name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::DeliveryLimit => "delivery_limit",
        }
    }
}

impl Message {
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
    #[must_use]
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }
    #[must_use]
    pub fn reply_to(mut self, queue: impl Into<String>) -> Self {
        self.reply_to = Some(queue.into());
        self
    }
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }
}

/// Why something did not reach the broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    #[error("the broker is out of reach")]
    Unavailable,
    #[error("the queue {0} is full")]
    Full(String),
    #[error("there is no queue {0}")]
    NoQueue(String),
    #[error("the broker refused: {0}")]
    Refused(String),
}

/// Whether a broker can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Up,
    Down,
}

impl Status {
    /// Tells how a connection is, now and at each change, until `stop` or the connection's own end.
    pub async fn follow(mut status: watch::Receiver<Self>, stop: &CancellationToken, mut tell: impl FnMut(Self)) {
        loop {
            let now = *status.borrow_and_update();
            tell(now);
            // `None` is the stop, an error the end of the connection's own task.
            if !matches!(stop.run_until_cancelled(status.changed()).await, Some(Ok(()))) {
                return;
            }
        }
    }
}

/// Sends to one queue, and can do nothing else.
#[derive(Clone)]
pub struct Publisher {
    broker: Arc<dyn Broker>,
    queue: Arc<str>,
}

impl Publisher {
    #[must_use]
    pub fn new(broker: Arc<dyn Broker>, queue: &str) -> Self {
        Self { broker, queue: queue.into() }
    }
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.queue
    }
    /// # Errors
    /// As [`Broker::publish`].
    pub async fn publish(&self, message: Message) -> Result<(), BrokerError> {
        self.broker.publish(&self.queue, message).await
    }
}
impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Publisher").field(&self.queue).finish()
    }
}

/// Receives from one queue, and can do nothing else. Dropped, it returns what waits in it; a delivery that somebody
/// holds can be settled nevertheless, so that work in hand is finished after the last was taken.
#[derive(Debug)]
pub struct Consumer {
    // Dropped in this order: what waits goes back first, then the adapter hears that nobody is left.
    deliveries: mpsc::Receiver<Delivery>,
    gone: Option<Gone>,
}

impl Consumer {
    /// For adapters: a consumer and the end that feeds it. `prefetch` bounds what waits in between.
    #[must_use]
    pub fn channel(prefetch: u16) -> (mpsc::Sender<Delivery>, Self) {
        let (feed, deliveries) = mpsc::channel(usize::from(prefetch.max(1)));
        (feed, Self { deliveries, gone: None })
    }
    /// For adapters: calls `gone` once the consumer has been dropped and what waited in it has gone back.
    #[must_use]
    pub fn when_gone(mut self, gone: impl FnOnce() + Send + Sync + 'static) -> Self {
        self.gone = Some(Gone(Some(Box::new(gone))));
        self
    }
    /// The next delivery; `None` once the queue or the connection is gone: consume again.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.deliveries.recv().await
    }
}

struct Gone(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            gone();
        }
    }
}
impl fmt::Debug for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gone")
    }
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done; the queue forgets it.
    Ack,
    /// Someone should try again.
    Requeue,
    /// Nobody can do anything with it: to the dead letters.
    Reject,
}

/// A message that waits for its verdict. Dropped without one, it goes back to its queue.
pub struct Delivery {
    message: Message,
    redelivered: bool,
    settle: Option<Box<dyn FnOnce(Verdict) + Send>>,
}

impl Delivery {
    /// For adapters. `settle` is called exactly once.
    #[must_use]
    pub fn new(message: Message, redelivered: bool, settle: impl FnOnce(Verdict) + Send + 'static) -> Self {
        Self { message, redelivered, settle: Some(Box::new(settle)) }
    }
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.message.body
    }
    /// Whether somebody had it before and did not settle it.
    #[must_use]
    pub fn redelivered(&self) -> bool {
        self.redelivered
    }
    pub fn settle(mut self, verdict: Verdict) {
        if let Some(settle) = self.settle.take() {
            settle(verdict);
        }
    }
    pub fn ack(self) {
        self.settle(Verdict::Ack);
    }
}
impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(settle) = self.settle.take() {
            settle(Verdict::Requeue);
        }
    }
}
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, redelivered, .. } = self;
        f.debug_struct("Delivery").field("message", message).field("redelivered", redelivered).finish_non_exhaustive()
    }
}

/// Hints of the topics that were asked for.
#[derive(Debug)]
pub struct Hints {
    hints: mpsc::Receiver<Bytes>,
}

impl Hints {
    /// For adapters: a listener and the end that feeds it, for which a full listener is no error but a loss.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<Bytes>, Self) {
        let (feed, hints) = mpsc::channel(HINTS_MAX);
        (feed, Self { hints })
    }
    /// The next hint; `None` once the connection is gone: listen again.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.hints.recv().await
    }
}
