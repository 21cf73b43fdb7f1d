//! Hints: one direct exchange for an installation, topics as routing keys. A hint is lost wherever it would have to
//! wait too long: at 1,024 of them before the wire, on the listener's queue, or before the listener.

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use lapin::{
    Channel, ExchangeKind,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ExchangeDeclareOptions,
        QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    failure::{about, short},
    link::Link,
    message,
    queues::table,
};
use crate::port::{BrokerError, HINTS_MAX, Hints};

/// Hints that are acknowledged to the broker together.
const ACK_EVERY: usize = 128;

pub(super) struct Hint {
    pub(super) topic: ShortString,
    pub(super) body: Bytes,
}

pub(super) fn lost(hints: usize) {
    metrics::counter!("parlor_broker_hints_lost_total").increment(hints as u64);
}

pub(super) async fn declare_exchange(channel: &Channel, exchange: &ShortString) -> lapin::Result<()> {
    let kept = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(exchange.clone(), ExchangeKind::Direct, kept, FieldTable::default()).await
}

/// Sends what is announced, until `end`.
pub(super) async fn send(
    link: &Link,
    exchange: &ShortString,
    mut announced: mpsc::Receiver<Hint>,
    end: CancellationToken,
) {
    let send_all = async {
        let mut channel = None;
        while let Some(hint) = announced.recv().await {
            if send_one(link, &mut channel, exchange, hint).await.is_err() {
                // The next one opens a new channel, and makes the exchange if that was missing.
                channel = None;
                lost(1);
            }
        }
    };
    end.run_until_cancelled(send_all).await;
    lost(announced.len());
}

async fn send_one(link: &Link, channel: &mut Option<Channel>, exchange: &ShortString, hint: Hint) -> lapin::Result<()> {
    let channel = match channel {
        Some(channel) => channel,
        None => {
            let new = link.channel().await?;
            declare_exchange(&new, exchange).await?;
            channel.insert(new)
        }
    };
    let options = BasicPublishOptions::default();
    channel.basic_publish(exchange.clone(), hint.topic, options, &hint.body, message::hint()).await.map(drop)
}

/// The broker's side of [`Hints`].
pub(super) struct Listening {
    channel: Channel,
    incoming: lapin::Consumer,
    feed: mpsc::Sender<Bytes>,
}

/// Listens on `channel`, which nobody else may use, with a queue of its own that goes with it.
pub(super) async fn listen(
    channel: Channel,
    exchange: &ShortString,
    topics: &[&str],
) -> Result<(Listening, Hints), BrokerError> {
    let failed = |error| about("of hints", &error);
    let own = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let bound = table([("x-max-length", AMQPValue::LongLongInt(HINTS_MAX as i64))]);
    let queue = channel.queue_declare("".into(), own, bound).await.map_err(failed)?;
    let name = queue.name();
    for topic in topics {
        let options = QueueBindOptions::default();
        let bind = channel.queue_bind(name.clone(), exchange.clone(), short(topic)?, options, FieldTable::default());
        bind.await.map_err(failed)?;
    }
    // With acknowledgements, so that no more than this waits in the client.
    channel.basic_qos(HINTS_MAX as u16, BasicQosOptions::default()).await.map_err(failed)?;
    let options = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    let incoming = channel.basic_consume(name.clone(), "".into(), options, FieldTable::default()).await;
    let incoming = incoming.map_err(failed)?;
    let (feed, hints) = Hints::channel();
    Ok((Listening { channel, incoming, feed }, hints))
}

impl Listening {
    /// Until the listener or the queue has gone, or at `end`.
    pub(super) async fn run(mut self, end: CancellationToken) {
        let mut unacknowledged = 0;
        loop {
            let delivery = tokio::select! {
                () = end.cancelled() => return,
                () = self.feed.closed() => return,
                delivery = self.incoming.next() => delivery,
            };
            let Some(Ok(mut delivery)) = delivery else { return };
            // As many as have come, then their acknowledgement.
            loop {
                unacknowledged += 1;
                if self.feed.try_send(std::mem::take(&mut delivery.data).into()).is_err() {
                    lost(1);
                }
                if unacknowledged == ACK_EVERY {
                    break;
                }
                match self.incoming.next().now_or_never() {
                    Some(Some(Ok(next))) => delivery = next,
                    Some(Some(Err(_)) | None) => return,
                    None => break,
                }
            }
            let all_so_far = BasicAckOptions { multiple: true };
            if self.channel.basic_ack(delivery.delivery_tag, all_so_far).await.is_err() {
                return;
            }
            unacknowledged = 0;
        }
    }
}
