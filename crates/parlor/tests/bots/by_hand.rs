//! A bot by hand over a plain connection: it says whatever the test wants, and does nothing by itself.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use lapin::{
    BasicProperties, Channel, Connection, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use parlor_protocol::{
    broker::{Invocation, ManifestReply},
    ids::MessageId,
};
use parlor_testing::{Rabbit, soon};
use serde_json::{Value, json};

pub struct ByHand {
    connection: Connection,
    channel: Channel,
    replies: Consumer,
    reply_to: String,
    prefix: String,
    /// By queue.
    consumers: HashMap<String, Consumer>,
}

/// An invocation in hand.
pub struct Taken {
    pub invocation: Invocation,
    delivery: Delivery,
}

impl ByHand {
    pub async fn connects(rabbit: &Rabbit) -> Self {
        let connection = rabbit.connects().await;
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        channel.basic_qos(1, BasicQosOptions::default()).await.expect("a prefetch");
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let reply_to = rabbit.name(&format!("replies.{}", MessageId::new()));
        channel.queue_declare(reply_to.as_str().into(), own, FieldTable::default()).await.expect("a queue for replies");
        let replies = consume(&channel, &reply_to, true).await;
        Self { connection, channel, replies, reply_to, prefix: rabbit.prefix().to_owned(), consumers: HashMap::new() }
    }

    /// Where it hears replies.
    pub fn reply_to(&self) -> Option<&str> {
        Some(&self.reply_to)
    }

    /// Publishes this as it is, and waits until the broker has it.
    pub async fn publishes(&self, queue: &str, body: impl AsRef<[u8]>, reply_to: Option<&str>) {
        let mut properties = BasicProperties::default();
        if let Some(queue) = reply_to {
            properties = properties.with_reply_to(queue.into());
        }
        let (options, queue) = (BasicPublishOptions::default(), format!("{}.{queue}", self.prefix));
        let sent = self.channel.basic_publish("".into(), queue.into(), options, body.as_ref(), properties).await;
        let confirmed = soon("confirm", sent.expect("an open channel")).await.expect("an open channel");
        assert!(confirmed.is_ack(), "{confirmed:?}");
    }

    /// Announces a manifest, whatever it says, and hears the reply.
    pub async fn announces(&mut self, manifest: Value) -> ManifestReply {
        self.publishes("bots", manifest.to_string(), self.reply_to()).await;
        let reply = soon("reply to a manifest", self.replies.next()).await.expect("an open channel").expect("a reply");
        serde_json::from_slice(&reply.data).expect("a reply")
    }

    /// Becomes the bot that has this one command, and consumes its queue.
    pub async fn holds(&mut self, bot: &str, command: &str, deadline_ms: Value) {
        let spec = json!({"name": command, "summary": "Takes its time", "deadline_ms": deadline_ms});
        let manifest = json!({"bot": bot, "name": "By hand", "replica": "one", "commands": [spec]});
        let reply = self.announces(manifest).await;
        assert!(reply.refused.is_empty(), "{reply:?}");
    }

    /// The next invocation of a command.
    pub async fn takes(&mut self, command: &str) -> Taken {
        let queue = format!("{}.command.{command}.v1", self.prefix);
        if !self.consumers.contains_key(&queue) {
            let consumer = consume(&self.channel, &queue, false).await;
            self.consumers.insert(queue.clone(), consumer);
        }
        let consumer = self.consumers.get_mut(&queue).expect("it was inserted");
        let delivery = soon("invocation", consumer.next()).await.expect("an open channel").expect("a delivery");
        Taken { invocation: serde_json::from_slice(&delivery.data).expect("an invocation"), delivery }
    }

    /// Answers for the room, in the name of this bot.
    pub async fn answers(&self, id: MessageId, bot: &str, text: &str) {
        let outcome = json!({"type": "message", "text": text});
        let answer = json!({"id": id, "bot": bot, "replica": "one", "outcome": outcome});
        self.publishes("answers", answer.to_string(), None).await;
    }

    /// Ends its connection with all that it has in hand, and opens another.
    pub async fn dies_and_comes_again(&mut self, rabbit: &Rabbit) {
        let new = Self::connects(rabbit).await;
        let old = std::mem::replace(self, new);
        old.connection.close(200, "OK".into()).await.expect("an open connection");
    }
}

async fn consume(channel: &Channel, queue: &str, no_ack: bool) -> Consumer {
    let options = BasicConsumeOptions { no_ack, ..BasicConsumeOptions::default() };
    channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await.expect("a queue")
}

impl Taken {
    pub async fn acknowledged(self) {
        self.delivery.acker.ack(BasicAckOptions::default()).await.expect("an open channel");
    }
    /// Says that nobody can ever carry it out.
    pub async fn rejected(self) {
        self.delivery.acker.reject(BasicRejectOptions { requeue: false }).await.expect("an open channel");
    }
}
