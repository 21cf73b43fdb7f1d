//! What lasts as long as the connections do: one to publish and one to receive, because RabbitMQ stops to read from those
//! who publish when it runs short, and acknowledgements must get through all the more then.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use lapin::{Channel, Event, types::ShortString};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    address::Address,
    consume,
    failure::about,
    hints::{self, Hint},
    link::Link,
    publish::Publishing,
    queues,
};
use crate::port::{BrokerError, Consumer, HINTS_MAX, Hints, Message, Queue, QueueKind};

/// How often the connections are looked at, beside what they report themselves.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long consumers may take to pass on their last verdicts.
const FINISH_WITHIN: Duration = Duration::from_secs(2);

pub(super) struct Session {
    publisher: Arc<Link>,
    receiver: Link,
    publishing: Publishing,
    announced: mpsc::Sender<Hint>,
    hints_exchange: ShortString,
    /// The channel of declarations; a refusal costs it, and nobody else a channel.
    declarations: AsyncMutex<Option<Channel>>,
    /// Exclusive queues of this session, which go with it.
    exclusive: Mutex<HashSet<String>>,
    blocked: watch::Sender<bool>,
    /// Consumers, listeners and the sender of hints.
    tasks: TaskTracker,
    /// They finish.
    end: CancellationToken,
    /// Nobody waits any longer for the client, which may leave a question without an answer as its connection dies.
    lost: CancellationToken,
}

/// What a session's owner has to know about it.
pub(super) enum Change {
    Blocked(bool),
    Lost(String),
}

impl Session {
    pub(super) async fn open(address: &Address, hints_exchange: ShortString) -> lapin::Result<Self> {
        let publisher = Arc::new(Link::open(address, "parlor publishes").await?);
        let receiver = Link::open(address, "parlor receives").await?;
        let channel = receiver.channel().await?;
        hints::declare_exchange(&channel, &hints_exchange).await?;
        let blocked = watch::Sender::new(false);
        let (announced, to_send) = mpsc::channel(HINTS_MAX);
        let (tasks, end, lost) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let (link, exchange, until) = (publisher.clone(), hints_exchange.clone(), end.clone());
        tasks.spawn(async move { hints::send(&link, &exchange, to_send, until).await });
        Ok(Self {
            publishing: Publishing::new(publisher.clone(), blocked.subscribe()),
            publisher,
            receiver,
            announced,
            hints_exchange,
            declarations: AsyncMutex::new(Some(channel)),
            exclusive: Mutex::default(),
            blocked,
            tasks,
            end,
            lost,
        })
    }

    /// Asks the broker as long as there is a connection to it.
    async fn ask<T>(&self, asked: impl Future<Output = Result<T, BrokerError>>) -> Result<T, BrokerError> {
        self.lost.run_until_cancelled(asked).await.unwrap_or(Err(BrokerError::Unavailable))
    }

    /// Runs a part of the session until it has finished, or there is nothing left to finish on.
    fn run(&self, part: impl Future<Output = ()> + Send + 'static) {
        let lost = self.lost.clone();
        self.tasks.spawn(async move {
            lost.run_until_cancelled(part).await;
        });
    }

    pub(super) async fn declare(&self, queue: &Queue) -> Result<(), BrokerError> {
        self.ask(self.declare_now(queue)).await
    }

    async fn declare_now(&self, queue: &Queue) -> Result<(), BrokerError> {
        let mut place = self.declarations.lock().await;
        let channel = match place.take() {
            Some(channel) if channel.status().connected() => channel,
            Some(_) | None => self.receiver.channel().await.map_err(|error| about(&queue.name, &error))?,
        };
        queues::declare(&channel, queue).await?;
        *place = Some(channel);
        if let QueueKind::Exclusive { .. } = queue.kind {
            self.exclusive.lock().unwrap_or_else(PoisonError::into_inner).insert(queue.name.clone());
        }
        Ok(())
    }

    pub(super) async fn publish(&self, queue: &str, message: &Message) -> Result<(), BrokerError> {
        self.ask(self.publishing.publish(queue, message)).await
    }

    pub(super) async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, BrokerError> {
        let exclusive = self.exclusive.lock().unwrap_or_else(PoisonError::into_inner).contains(queue);
        let begin = async {
            let channel = self.receiver.channel().await.map_err(|error| about(queue, &error))?;
            consume::begin(channel, queue, prefetch, exclusive).await
        };
        let (feed, consumer) = self.ask(begin).await?;
        self.run(feed.run(self.end.clone()));
        Ok(consumer)
    }

    pub(super) async fn listen(&self, topics: &[&str]) -> Result<Hints, BrokerError> {
        let begin = async {
            let channel = self.receiver.channel().await.map_err(|error| about("of hints", &error))?;
            hints::listen(channel, &self.hints_exchange, topics).await
        };
        let (listening, hints) = self.ask(begin).await?;
        self.run(listening.run(self.end.clone()));
        Ok(hints)
    }

    /// Never waits: what has no room is lost.
    pub(super) fn announce(&self, hint: Hint) {
        if self.announced.try_send(hint).is_err() {
            hints::lost(1);
        }
    }

    /// Tells its owner what becomes of it, until it is lost.
    pub(super) async fn watch(&self, mut tell: impl FnMut(Change)) {
        let mut events = Box::pin(stream::select(self.publisher.events(), self.receiver.events()));
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_error = None;
        loop {
            if self
                .blocked
                .send_if_modified(|blocked| std::mem::replace(blocked, self.publisher.is_blocked()) != *blocked)
            {
                tell(Change::Blocked(*self.blocked.borrow()));
            }
            if !self.publisher.is_up() || !self.receiver.is_up() {
                return tell(Change::Lost(last_error.unwrap_or_else(|| "it was closed".to_owned())));
            }
            tokio::select! {
                // A channel's error comes here too; it ends no connection.
                Some(event) = events.next() => if let Event::Error(error) = event {
                    last_error = Some(error.to_string());
                },
                _ = looks.tick() => {}
            }
        }
    }

    /// Ends it in order: the last verdicts first, then the connections. A session that lost one of them has nothing to wait for.
    pub(super) async fn close(&self) {
        self.end.cancel();
        self.tasks.close();
        if self.publisher.is_up() && self.receiver.is_up() {
            let _ = timeout(FINISH_WITHIN, self.tasks.wait()).await;
        }
        self.lost.cancel();
        self.tasks.wait().await;
        tokio::join!(self.receiver.close(), self.publisher.close());
    }
}
