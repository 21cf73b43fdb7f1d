//! One command to carry out, as its handler sees it, and what the handler can do on the way. How it came and how the
//! answer goes back is not known here.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use parlor_broker::Broker;
use parlor_protocol::{auth::Person, broker, ids::MessageId, ids::RoomId, socket::Fraction, text::Text};
use tokio::time::Instant;

use crate::reply::Failure;

/// A command to carry out. Its arguments are valid by the types that the bot announced.
#[derive(Debug, Clone)]
pub struct Invocation(broker::Invocation);

impl Invocation {
    pub(crate) fn new(invocation: broker::Invocation) -> Self {
        Self(invocation)
    }
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.0.id
    }
    #[must_use]
    pub fn command(&self) -> &str {
        &self.0.command
    }
    /// The command line as it was written.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.0.line
    }
    #[must_use]
    pub fn asker(&self) -> &Person {
        &self.0.asker
    }
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.0.room
    }

    /// A required argument that is a word, one of a choice, a username or text.
    ///
    /// # Errors
    /// `invalid_arguments` if it is not there after all: whoever speaks to the broker can send anything.
    pub fn text(&self, name: &str) -> Result<&str, Failure> {
        self.optional_text(name).ok_or_else(|| missing(name))
    }
    #[must_use]
    pub fn optional_text(&self, name: &str) -> Option<&str> {
        self.0.arguments.get(name)?.as_str()
    }
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.arguments.get(name)?.as_i64()
    }
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.arguments.get(name)?.as_f64()
    }
    /// The words of an argument that takes many; none if it is not there.
    #[must_use]
    pub fn words(&self, name: &str) -> Vec<&str> {
        let list = self.0.arguments.get(name).and_then(serde_json::Value::as_array);
        list.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
    }
}

fn missing(name: &str) -> Failure {
    Failure::invalid_arguments(format!("The argument {name} is missing."))
}

/// What a handler can do while it works.
#[derive(Debug, Clone)]
pub struct Context {
    id: MessageId,
    deadline: Instant,
    broker: Arc<dyn Broker>,
    progress: Arc<str>,
}

impl Context {
    pub(crate) fn new(id: MessageId, deadline: Instant, broker: Arc<dyn Broker>, progress: Arc<str>) -> Self {
        Self { id, deadline, broker, progress }
    }
    /// After this moment nobody waits for the answer, and the handler is cancelled.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
    /// Tells the asker how far it is: a share from 0 to 1, and a line of text. It may be lost.
    pub fn progress(&self, share: f64, text: impl Into<String>) {
        let Ok(text) = Text::parse(text.into()) else { return };
        let progress = broker::Progress { id: self.id, fraction: Fraction::of(share), text: text.into() };
        match serde_json::to_vec(&progress) {
            Ok(body) => self.broker.announce(&self.progress, Bytes::from(body)),
            Err(error) => tracing::debug!(%error, "progress that cannot be written"),
        }
    }
}
