//! A queue's promises as RabbitMQ's arguments. They are part of the queue's identity there: another value needs another
//! name.

use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};

use super::failure::{about, short};
use crate::port::{BrokerError, Queue, QueueKind};

/// Makes the queue if it is not there. A channel on which this was refused is gone.
pub(super) async fn declare(channel: &Channel, queue: &Queue) -> Result<(), BrokerError> {
    let (options, arguments) = match &queue.kind {
        QueueKind::Work { max_length, delivery_limit, dead_letters } => {
            let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            (durable, work(*max_length, *delivery_limit, dead_letters.as_deref()))
        }
        // Classic, in memory; its overflow drops from the head unless told otherwise.
        QueueKind::Exclusive { max_length } => {
            let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
            (own, table([("x-max-length", AMQPValue::LongLongInt((*max_length).into()))]))
        }
    };
    let declared = channel.queue_declare(short(&queue.name)?, options, arguments).await;
    declared.map(drop).map_err(|error| about(&queue.name, &error))
}

/// Kept on disk by a majority of the broker's nodes, and counting how often a message came back.
fn work(max_length: u32, delivery_limit: u32, dead_letters: Option<&str>) -> FieldTable {
    let text = |text: &str| AMQPValue::LongString(text.into());
    let mut arguments = table([
        ("x-queue-type", text("quorum")),
        ("x-max-length", AMQPValue::LongLongInt(max_length.into())),
        ("x-overflow", text("reject-publish")),
        // RabbitMQ counts returns after the first delivery and lets go of a message at the one above its limit.
        ("x-delivery-limit", AMQPValue::LongLongInt(delivery_limit.saturating_sub(1).into())),
    ]);
    if let Some(queue) = dead_letters {
        arguments.insert("x-dead-letter-exchange".into(), text(""));
        arguments.insert("x-dead-letter-routing-key".into(), text(queue));
        // The dead letter is removed here only once it is kept there. This needs the overflow above, without which it is
        // silently another strategy. While there is no such queue the letters count here, and are tried again every
        // three minutes: declare it first.
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    }
    arguments
}

pub(super) fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(key.into(), value);
    }
    table
}
