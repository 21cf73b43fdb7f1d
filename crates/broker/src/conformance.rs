//! The guarantees of [`crate::port`], as tests that every adapter passes. They must not know which adapter it is: they
//! rely on no effect at once and on no order of what comes back.
//!
//! An adapter's tests name a function that connects twice to one broker, and, if the broker outlives the test, one that
//! is called in the end to leave it as it was:
//!
//! ```text
//! parlor_broker::conformance!(connect);
//! parlor_broker::conformance!(connect, tidy);
//!
//! async fn connect() -> Connections { … }
//! async fn tidy(connections: Connections) { … }
//! ```

use std::{
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::port::{Broker, BrokerError, Consumer, Delivery, Hints, Message, Queue, QueueKind};

mod dead_letters;
mod hints;
mod queues;

pub use dead_letters::*;
pub use hints::*;
pub use queues::*;

/// Two connections to one broker.
#[derive(Debug, Clone)]
pub struct Connections {
    pub one: Arc<dyn Broker>,
    pub other: Arc<dyn Broker>,
    /// How every name begins that this test uses.
    pub prefix: String,
    declared: Arc<Mutex<Vec<String>>>,
}

/// One `#[tokio::test]` for each guarantee.
#[macro_export]
macro_rules! conformance {
    ($connect:path) => {
        $crate::conformance!($connect, $crate::conformance::leave);
    };
    ($connect:path, $tidy:path) => {
        $crate::conformance!($connect, $tidy:
            a_queue_may_be_declared_again,
            another_kind_under_the_same_name_is_refused,
            a_queue_that_nobody_declared_is_named_in_the_error,
            a_message_arrives_whole_over_another_connection,
            a_queue_keeps_the_order,
            a_queue_keeps_what_came_before_its_consumer,
            a_full_queue_refuses_and_takes_more_once_there_is_room,
            a_body_above_the_limit_is_refused,
            no_more_than_the_prefetch_is_unsettled,
            consumers_share_the_messages,
            a_dropped_delivery_comes_back_marked,
            a_requeued_delivery_comes_back,
            a_consumer_that_goes_returns_what_it_had,
            a_delivery_outlives_its_consumer,
            what_was_acknowledged_never_comes_back,
            a_publisher_reaches_its_queue,
            an_exclusive_queue_drops_its_oldest,
            an_exclusive_queue_has_one_consumer,
            an_exclusive_queue_goes_with_its_consumer,
            a_rejected_message_becomes_a_dead_letter,
            a_message_returned_too_often_becomes_a_dead_letter,
            an_expired_message_becomes_a_dead_letter,
            an_expired_message_is_not_delivered,
            a_short_time_to_live_does_not_wait_for_a_long_one,
            without_dead_letters_an_expired_message_is_gone,
            without_dead_letters_a_rejected_message_is_gone,
            a_hint_reaches_whoever_listens_to_its_topic,
            hints_keep_their_order,
            a_hint_that_nobody_hears_is_lost,
            a_listener_that_reads_nothing_bounds_what_waits,
            the_status_says_up,
        );
    };
    ($connect:path, $tidy:path: $($guarantee:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $guarantee() {
                let connections = $connect().await;
                let shown = ::tokio::spawn($crate::conformance::$guarantee(connections.clone())).await;
                $tidy(connections).await;
                if let Err(failed) = shown {
                    ::std::panic::resume_unwind(failed.into_panic());
                }
            }
        )+
    };
}

/// For a broker that ends with its test.
pub async fn leave(_: Connections) {}

/// Longer than any adapter needs; reached only when a guarantee is broken.
const DEADLINE: Duration = Duration::from_secs(10);
/// After this, what was published to expire has expired.
const TTL: Duration = Duration::from_millis(40);

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("too late: {what}"))
}

fn done<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

impl Connections {
    #[must_use]
    pub fn new(prefix: &str, one: Arc<dyn Broker>, other: Arc<dyn Broker>) -> Self {
        Self { one, other, prefix: prefix.to_owned(), declared: Arc::default() }
    }
    /// The queues that a guarantee has used.
    #[must_use]
    pub fn declared(&self) -> Vec<String> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// A name that no other test uses: a broker may keep queues from one run to the next.
    fn fresh(&self, what: &str) -> String {
        format!("{}.{what}.{}", self.prefix, Uuid::new_v4().simple())
    }
    async fn queue(&self, what: &str, kind: QueueKind) -> String {
        let name = self.fresh(what);
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
        done(in_time("declare", self.one.declare(&Queue { name: name.clone(), kind })).await);
        name
    }
    async fn work(&self) -> String {
        self.queue("work", QueueKind::Work { max_length: 1_000, delivery_limit: 5, dead_letters: None }).await
    }
    /// A work queue and its dead letters.
    async fn mortal(&self, delivery_limit: u32) -> (String, String) {
        let dead = self.work().await;
        let kind = QueueKind::Work { max_length: 1_000, delivery_limit, dead_letters: Some(dead.clone()) };
        (self.queue("mortal", kind).await, dead)
    }
    async fn publish(&self, queue: &str, body: impl Into<String>) {
        self.publish_message(queue, Message::new(body.into())).await;
    }
    async fn publish_message(&self, queue: &str, message: Message) {
        done(in_time("publish", self.one.publish(queue, message)).await);
    }
    async fn consume(&self, queue: &str, prefetch: u16) -> Consumer {
        done(in_time("consume", self.other.consume(queue, prefetch)).await)
    }
    async fn listen(&self, topics: &[&str]) -> Hints {
        done(in_time("listen", self.other.listen(topics)).await)
    }
    /// Publishes until that gives this error: an adapter may hear late that a queue is full or gone.
    async fn until_refused(&self, queue: &str, expected: impl Fn(&BrokerError) -> bool) -> u32 {
        let tries = async {
            let mut published = 0;
            loop {
                match self.one.publish(queue, Message::new("again")).await {
                    Ok(()) => published += 1,
                    Err(error) if expected(&error) => return published,
                    Err(error) => panic!("{error:?}"),
                }
                tokio::task::yield_now().await;
            }
        };
        in_time("an error", tries).await
    }
}

async fn next(consumer: &mut Consumer) -> Delivery {
    in_time("a delivery", consumer.next()).await.expect("the consumer has ended")
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(delivery.body()).into_owned()
}

async fn next_text(consumer: &mut Consumer) -> String {
    let delivery = next(consumer).await;
    let text = text(&delivery);
    delivery.ack();
    text
}

async fn next_hint(hints: &mut Hints) -> String {
    let hint = in_time("a hint", hints.next()).await.expect("the listener has ended");
    String::from_utf8_lossy(&hint).into_owned()
}

/// The status of a connection that works.
pub async fn the_status_says_up(connections: Connections) {
    let mut status = connections.one.status();
    let up = status.wait_for(|status| *status == crate::port::Status::Up);
    assert!(in_time("the status", up).await.is_ok(), "the connection has gone");
}
