//! Receiving from a queue. Each consumer has a channel and a task of its own, which hands deliveries in and takes
//! verdicts out; neither can be more than the prefetch, as the broker sends no more.

use std::time::Duration;

use futures_util::StreamExt as _;
use lapin::{
    Acker, Channel,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, BasicRejectOptions,
    },
    types::FieldTable,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    failure::{about, short},
    message::received,
};
use crate::port::{BrokerError, Consumer, Delivery, Verdict};

/// How long the broker may take to end a consumer. The channel's end ends it too.
const CANCEL_WITHIN: Duration = Duration::from_secs(1);

type Settled = (Acker, Verdict);

/// Why no more is handed in.
enum Left {
    /// The consumer has gone, or all shall end.
    Alone,
    /// The consumer has gone, which was noticed with a verdict in hand.
    Holding(Settled),
    /// The broker sends no more: the queue or the connection has gone.
    Over,
}

/// The broker's side of a [`Consumer`].
pub(super) struct Feed {
    channel: Channel,
    incoming: lapin::Consumer,
    feed: mpsc::Sender<Delivery>,
    settle: mpsc::Sender<Settled>,
    settled: mpsc::Receiver<Settled>,
}

/// Begins to consume on `channel`, which nobody else may use.
pub(super) async fn begin(
    channel: Channel,
    queue: &str,
    prefetch: u16,
    exclusive: bool,
) -> Result<(Feed, Consumer), BrokerError> {
    let failed = |error| about(queue, &error);
    let prefetch = prefetch.max(1);
    channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(failed)?;
    let options = BasicConsumeOptions { exclusive, ..BasicConsumeOptions::default() };
    let incoming = channel.basic_consume(short(queue)?, "".into(), options, FieldTable::default()).await;
    let incoming = incoming.map_err(failed)?;
    let (feed, consumer) = Consumer::channel(prefetch);
    let (settle, settled) = mpsc::channel(prefetch.into());
    Ok((Feed { channel, incoming, feed, settle, settled }, consumer))
}

impl Feed {
    /// Until the consumer or the queue has gone, or at `end`; then until what was delivered is settled.
    pub(super) async fn run(mut self, end: CancellationToken) {
        let left = self.hand_in(&end).await;
        let Self { channel, mut incoming, feed, settle, mut settled } = self;
        drop((feed, settle));
        let is_over = matches!(left, Left::Over);
        let mut last = match left {
            Left::Holding(settled) => Some(settled),
            Left::Alone | Left::Over => None,
        };
        // What goes back does so after this consumer's end: it would get it again, as one more delivery that counts.
        let mut to_return = Vec::new();
        while let Some((acker, verdict)) = last.take().or_else(|| settled.try_recv().ok()) {
            match verdict {
                Verdict::Requeue => to_return.push(acker),
                Verdict::Ack | Verdict::Reject => pass_on(acker, verdict).await,
            }
        }
        // The broker answers once it has carried out what was said before. Otherwise the channel's end might overtake
        // acknowledgements: a quorum queue keeps them back while more than 32 are under way.
        let cancel = channel.basic_cancel(incoming.tag(), BasicCancelOptions::default());
        if !is_over && matches!(timeout(CANCEL_WITHIN, cancel).await, Ok(Ok(()))) {
            while let Some(Ok(delivery)) = incoming.next().await {
                to_return.push(delivery.acker);
            }
        }
        for acker in to_return {
            pass_on(acker, Verdict::Requeue).await;
        }
        while let Some(Some((acker, verdict))) = end.run_until_cancelled(settled.recv()).await {
            pass_on(acker, verdict).await;
        }
        // What was said before the end counts.
        while let Ok((acker, verdict)) = settled.try_recv() {
            pass_on(acker, verdict).await;
        }
        // With the channel, everything that nobody has settled goes back to the queue.
        let _ = timeout(CANCEL_WITHIN, channel.close(200, "OK".into())).await;
    }

    async fn hand_in(&mut self, end: &CancellationToken) -> Left {
        loop {
            tokio::select! {
                biased;
                () = end.cancelled() => return Left::Alone,
                () = self.feed.closed() => return Left::Alone,
                Some((acker, verdict)) = self.settled.recv() => {
                    if self.feed.is_closed() {
                        return Left::Holding((acker, verdict));
                    }
                    pass_on(acker, verdict).await;
                }
                delivery = self.incoming.next() => match delivery {
                    Some(Ok(delivery)) => self.deliver(delivery),
                    Some(Err(_)) | None => return Left::Over,
                }
            }
        }
    }

    fn deliver(&self, delivery: lapin::message::Delivery) {
        let message = received(delivery.data, &delivery.properties);
        let (acker, settle) = (delivery.acker, self.settle.clone());
        let delivery = Delivery::new(message, delivery.redelivered, move |verdict| {
            // There is room for as many as were delivered. Without its task the delivery has gone back already.
            let _ = settle.try_send((acker, verdict));
        });
        // Dropped, it goes back.
        let _ = self.feed.try_send(delivery);
    }
}

/// An error means that the connection is gone, and the delivery back on its queue.
async fn pass_on(acker: Acker, verdict: Verdict) {
    let passed = match verdict {
        Verdict::Ack => acker.ack(BasicAckOptions::default()).await,
        Verdict::Requeue => acker.nack(BasicNackOptions { multiple: false, requeue: true }).await,
        Verdict::Reject => acker.reject(BasicRejectOptions { requeue: false }).await,
    };
    if let Err(error) = passed {
        tracing::debug!(%error, ?verdict, "a delivery could not be settled");
    }
}
