//! The real broker of the tests: where it is, connections to it, and how it is left as it was found.

use std::{future::Future, time::Duration};

use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use parlor_broker::{Broker, Queue, QueueKind, RabbitBroker, Status, Topology};
pub use parlor_testing::rabbit::url;
use uuid::Uuid;

/// Longer than anything takes; reached only when something is broken.
const DEADLINE: Duration = Duration::from_secs(30);

/// Names that no other test uses.
pub struct Installation {
    prefix: String,
    pub topology: Topology,
}

pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("too late: {what}"))
}

/// Waits until the connection is in that state.
pub async fn becomes(broker: &RabbitBroker, expected: Status) {
    let mut status = broker.status();
    let change = status.wait_for(|status| *status == expected);
    assert!(in_time("a change of the status", change).await.is_ok(), "the connection's task has gone");
}

impl Installation {
    pub fn new() -> Self {
        Self::of(&format!("test-{}", Uuid::new_v4().simple()))
    }
    pub fn of(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), topology: Topology::new(prefix) }
    }
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
    /// A connection that need not be up.
    pub fn connect(&self, url: &str) -> RabbitBroker {
        RabbitBroker::connect(url, &self.topology).expect("a URL that can be read")
    }
    pub async fn connected(&self) -> RabbitBroker {
        let broker = self.connect(&url());
        becomes(&broker, Status::Up).await;
        broker
    }
    pub fn queue(&self, name: &str) -> Queue {
        let kind = QueueKind::Work { max_length: 1_000, delivery_limit: 5, dead_letters: None };
        Queue { name: format!("{}.{name}", self.prefix), kind }
    }
    /// Takes away what the test has left on the broker.
    pub async fn tidy(&self, queues: &[String]) {
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await.expect("the broker");
        for queue in queues {
            // An exclusive one that is still there belongs to another connection, and goes with it; to try costs the channel.
            let channel = connection.create_channel().await.expect("a channel");
            let _ = channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await;
        }
        let channel = connection.create_channel().await.expect("a channel");
        let hints = self.topology.hints();
        channel.exchange_delete(hints.into(), ExchangeDeleteOptions::default()).await.expect("the exchange goes");
        let _ = connection.close(200, "OK".into()).await;
    }
}
