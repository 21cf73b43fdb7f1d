//! The real RabbitMQ that services apart meet at, which `scripts/with-rabbitmq` starts: an installation of one's own on
//! it, and a way to it that fails at will.

use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use uuid::Uuid;

use crate::soon;

mod proxy;

pub use proxy::Proxy;

/// Where the broker is.
///
/// # Panics
/// If nobody says where.
#[must_use]
pub fn url() -> String {
    std::env::var("PARLOR_TEST_AMQP_URL").expect("no RabbitMQ to test with: run make test or set PARLOR_TEST_AMQP_URL")
}

/// Names on the broker that no other test uses.
#[derive(Debug)]
pub struct Rabbit {
    prefix: String,
}

impl Default for Rabbit {
    fn default() -> Self {
        Self { prefix: format!("test-{}", Uuid::new_v4().simple()) }
    }
}

impl Rabbit {
    /// What the names of its queues begin with: `PARLOR_BROKER_PREFIX`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
    /// A name of this installation.
    #[must_use]
    pub fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }
    /// The queue of a command's invocations.
    #[must_use]
    pub fn command(&self, command: &str) -> String {
        self.name(&format!("command.{command}.v1"))
    }
    /// A connection of the test's own.
    ///
    /// # Panics
    /// If the broker is not there.
    pub async fn connects(&self) -> Connection {
        let url = url();
        let connection = Connection::connect(&url, ConnectionProperties::default());
        soon("connection to RabbitMQ", connection).await.expect("RabbitMQ")
    }
    /// Takes away what the test has left on the broker, the queues of these commands included.
    ///
    /// # Panics
    /// If the broker is not there.
    pub async fn tidy(&self, commands: &[&str]) {
        let connection = self.connects().await;
        let own = ["bots", "answers", "dead"].map(|queue| self.name(queue));
        for queue in own.into_iter().chain(commands.iter().map(|command| self.command(command))) {
            // What is not there need not go; to ask costs the channel.
            let channel = connection.create_channel().await.expect("a channel");
            let _ = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
        }
        let channel = connection.create_channel().await.expect("a channel");
        let hints = self.name("hints");
        channel.exchange_delete(hints.into(), ExchangeDeleteOptions::default()).await.expect("the exchange goes");
        let _ = connection.close(200, "OK".into()).await;
    }
}
