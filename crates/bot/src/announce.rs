//! A replica's standing with the chat: its manifest again and again, and which queues the replies let it consume. It
//! must not know what is done with an invocation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use parlor_broker::{Broker, BrokerError, Consumer, Message, Topology};
use parlor_protocol::broker::{Manifest, ManifestReply};
use tokio::{sync::watch, time::Instant};

use crate::backoff::Backoff;

/// Which queues may be consumed, by command.
pub(crate) type Accepted = BTreeMap<String, String>;

#[derive(Debug)]
pub(crate) struct Announcer {
    broker: Arc<dyn Broker>,
    topology: Topology,
    manifest: Manifest,
    every: Duration,
    accepted: watch::Sender<Accepted>,
    refused: BTreeMap<String, String>,
    /// Whether the last try to reach the chat failed; a log line stands at each change only.
    silent: bool,
}

impl Announcer {
    pub(crate) fn new(broker: Arc<dyn Broker>, topology: Topology, manifest: Manifest, every: Duration) -> Self {
        let accepted = watch::Sender::default();
        Self { broker, topology, manifest, every, accepted, refused: BTreeMap::new(), silent: false }
    }

    pub(crate) fn accepted(&self) -> watch::Receiver<Accepted> {
        self.accepted.subscribe()
    }

    /// Announces until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(Duration::from_millis(100), self.every);
        loop {
            match self.listen_for_replies().await {
                Ok(replies) => self.session(replies, &mut backoff).await,
                Err(error) => self.failed(&error),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    async fn listen_for_replies(&self) -> Result<Consumer, BrokerError> {
        let replies = self.topology.replies(&self.manifest.replica);
        self.broker.declare(&replies).await?;
        self.broker.consume(&replies.name, 10).await
    }

    /// While the reply queue lasts.
    async fn session(&mut self, mut replies: Consumer, backoff: &mut Backoff) {
        let mut next = Instant::now();
        loop {
            tokio::select! {
                reply = replies.next() => {
                    let Some(reply) = reply else { return };
                    match serde_json::from_slice(reply.body()) {
                        Ok(read) => self.hear(read),
                        Err(error) => tracing::warn!(%error, "the chat's reply cannot be read"),
                    }
                    reply.ack();
                }
                () = tokio::time::sleep_until(next) => {
                    let wait = match tokio::time::timeout(self.every, self.announce()).await {
                        Ok(Ok(())) => {
                            if self.silent {
                                self.silent = false;
                                tracing::info!(bot = self.manifest.bot, "the broker takes manifests again");
                            }
                            backoff.reset();
                            self.every
                        }
                        Ok(Err(error)) => {
                            self.failed(&error);
                            backoff.next()
                        }
                        Err(_) => {
                            self.failed(&BrokerError::Unavailable);
                            backoff.next()
                        }
                    };
                    next = Instant::now() + wait;
                }
            }
        }
    }

    async fn announce(&self) -> Result<(), BrokerError> {
        let body = serde_json::to_vec(&self.manifest).map_err(|error| BrokerError::Refused(error.to_string()))?;
        // A manifest that waits longer than its successor takes says nothing any more.
        let message = Message::new(body)
            .reply_to(self.topology.replies(&self.manifest.replica).name)
            .expires_in(self.every.max(Duration::from_secs(1)));
        self.broker.publish(&self.topology.bots().name, message).await
    }

    fn failed(&mut self, error: &BrokerError) {
        if !self.silent {
            self.silent = true;
            tracing::warn!(bot = self.manifest.bot, %error, "cannot announce the bot; it tries again");
        }
    }

    fn hear(&mut self, reply: ManifestReply) {
        let own: BTreeSet<_> = self.manifest.commands.iter().map(|command| command.name.clone()).collect();
        let mut accepted = self.accepted.borrow().clone();
        for refused in reply.refused.into_iter().filter(|refused| own.contains(&refused.command)) {
            accepted.remove(&refused.command);
            if self.refused.get(&refused.command) != Some(&refused.reason) {
                tracing::warn!(command = refused.command, reason = refused.reason, "the chat refused a command");
                self.refused.insert(refused.command, refused.reason);
            }
        }
        for new in reply.accepted.into_iter().filter(|new| own.contains(&new.command)) {
            self.refused.remove(&new.command);
            if accepted.get(&new.command) != Some(&new.queue) {
                tracing::info!(command = new.command, queue = new.queue, "the chat accepted a command");
                accepted.insert(new.command, new.queue);
            }
        }
        self.accepted.send_if_modified(|now| {
            let changed = *now != accepted;
            *now = accepted;
            changed
        });
    }
}
