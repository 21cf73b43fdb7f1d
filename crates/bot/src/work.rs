//! An invocation's way through a replica: read, carry out, publish the answer, and only then acknowledge. It must not
//! know how the bot came to its queues.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use parlor_broker::{Broker, BrokerError, Delivery, Message, Topology, Verdict};
use parlor_protocol::{
    broker::{self, Answer, Outcome},
    error::ErrorCode,
    limits,
    time::Timestamp,
};
use tokio::time::Instant;

use crate::{
    backoff::Backoff,
    command::{Bot, Command},
    invocation::{Context, Invocation},
    reply::{self, Failure},
};

/// What every invocation of a replica shares.
#[derive(Debug)]
pub(crate) struct Work {
    bot: Bot,
    replica: String,
    broker: Arc<dyn Broker>,
    answers: String,
    progress: Arc<str>,
}

impl Work {
    pub(crate) fn new(bot: Bot, replica: String, broker: Arc<dyn Broker>, topology: &Topology) -> Self {
        Self { bot, replica, broker, answers: topology.answers().name, progress: topology.progress().into() }
    }

    /// Carries out one delivery. Cancelled, it lets the delivery go back to its queue.
    pub(crate) async fn take(&self, delivery: Delivery) {
        let Some((invocation, command)) = self.read(&delivery) else {
            self.count("rejected");
            delivery.settle(Verdict::Reject);
            return;
        };
        let (id, name) = (invocation.id, invocation.command.clone());
        let left = Timestamp::now().until(invocation.deadline).min(Duration::from_millis(limits::DEADLINE_MAX_MS));
        if left.is_zero() {
            tracing::info!(%id, command = name, "the invocation came after its deadline");
            self.count("late");
            delivery.ack();
            return;
        }
        let deadline = Instant::now() + left;
        match tokio::time::timeout_at(deadline, self.carry_out(command, invocation, deadline)).await {
            Ok(outcome) => {
                self.answer(Answer { id, bot: self.bot.name.clone(), replica: self.replica.clone(), outcome }, deadline)
                    .await
            }
            // The chat has told the asker; an answer would only be dropped there.
            Err(_) => {
                tracing::warn!(%id, command = name, "the handler was cancelled at the deadline");
                self.count("overdue");
            }
        }
        delivery.ack();
    }

    fn read(&self, delivery: &Delivery) -> Option<(broker::Invocation, &Command)> {
        let invocation = if delivery.body().len() > limits::BROKER_BYTES {
            tracing::warn!(bytes = delivery.body().len(), "an invocation is too large");
            return None;
        } else {
            serde_json::from_slice::<broker::Invocation>(delivery.body())
        };
        let invocation = invocation.inspect_err(|error| tracing::warn!(%error, "an invocation cannot be read")).ok()?;
        let command = self.bot.find(&invocation.command);
        if command.is_none() {
            tracing::warn!(id = %invocation.id, "an invocation names a command that this bot does not have");
        }
        command.map(|command| (invocation, command))
    }

    async fn carry_out(&self, command: &Command, invocation: broker::Invocation, deadline: Instant) -> Outcome {
        let id = invocation.id;
        let context = Context::new(id, deadline, self.broker.clone(), self.progress.clone());
        let invocation = Invocation::new(invocation);
        // In an async block, so that a panic before the handler's first await is caught too.
        let running = async { command.carry_out(invocation, context).await };
        let result = AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(%id, command = command.spec.name, "the handler panicked");
            Err(Failure::failed("The bot failed on this command."))
        });
        reply::outcome(result)
    }

    /// Publishes the answer, as often as it takes until nobody waits for it any more.
    async fn answer(&self, answer: Answer, deadline: Instant) {
        let id = answer.id;
        let body = match body(answer) {
            Ok(body) => body,
            Err(error) => return tracing::error!(%id, %error, "an answer cannot be written"),
        };
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        loop {
            let message = Message::new(body.clone()).correlation_id(id.to_string());
            match tokio::time::timeout_at(deadline, self.broker.publish(&self.answers, message)).await {
                Ok(Ok(())) => return self.count("answered"),
                Ok(Err(error @ BrokerError::Refused(_))) => {
                    tracing::error!(%id, %error, "the broker does not take the answer");
                    return self.count("unanswered");
                }
                Ok(Err(error)) => tracing::debug!(%id, %error, "the answer waits for the broker"),
                Err(_) => {}
            }
            let next = Instant::now() + backoff.next();
            if next >= deadline {
                tracing::warn!(%id, "the broker did not take the answer before the deadline");
                return self.count("unanswered");
            }
            tokio::time::sleep_until(next).await;
        }
    }

    fn count(&self, end: &'static str) {
        metrics::counter!("parlor_bot_invocations_total", "bot" => self.bot.name.clone(), "end" => end).increment(1);
    }
}

fn body(mut answer: Answer) -> Result<Vec<u8>, serde_json::Error> {
    let body = serde_json::to_vec(&answer)?;
    if body.len() <= limits::BROKER_BYTES {
        return Ok(body);
    }
    let message = "The bot's answer was too large.".to_owned();
    answer.outcome = Outcome::Error { code: ErrorCode::CommandFailed, message };
    serde_json::to_vec(&answer)
}
