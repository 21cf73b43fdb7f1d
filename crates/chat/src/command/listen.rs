//! Receiving from the broker, through its absences: consume, and consume again when the connection is back.

use std::time::Duration;

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use parlor_broker::{BrokerError, Delivery, Queue, Status};
use parlor_protocol::{broker::Progress, limits, socket::ServerFrame};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::{node::Node, socket::wire};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Hands every delivery of a queue to `take`, at most `prefetch` at once, until `stop`; then finishes what it began.
pub async fn consume<Taken: Future<Output = ()> + Send>(
    node: &Node,
    stop: &CancellationToken,
    queue: Queue,
    prefetch: u16,
    take: impl Fn(Delivery) -> Taken + Send,
) {
    let (broker, queue) = (&node.commands.broker, &queue);
    let connect = move || async move {
        broker.declare(queue).await?;
        broker.consume(&queue.name, prefetch).await
    };
    while let Some(mut consumer) = until_connected(stop, &queue.name, connect).await {
        let mut at_work = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                delivery = consumer.next(), if at_work.len() < usize::from(prefetch) => match delivery {
                    Some(delivery) => at_work.push(take(delivery)),
                    None => break,
                },
                Some(()) = at_work.next() => {}
            }
        }
        while at_work.next().await.is_some() {}
        if stop.is_cancelled() {
            return;
        }
    }
}

/// What a delivery says, if it is no larger than it may be.
pub(super) fn read<T: DeserializeOwned>(delivery: &Delivery) -> Option<T> {
    let body = delivery.body();
    (body.len() <= limits::BROKER_BYTES).then(|| serde_json::from_slice(body).ok()).flatten()
}

/// Tries until it works; `None` at the stop.
async fn until_connected<T, Connecting: Future<Output = Result<T, BrokerError>> + Send>(
    stop: &CancellationToken,
    what: &str,
    connect: impl Fn() -> Connecting + Send,
) -> Option<T> {
    let mut pause = FIRST_PAUSE;
    loop {
        match stop.run_until_cancelled(connect()).await? {
            Ok(connected) => return Some(connected),
            // Said once for all, where its status is watched.
            Err(BrokerError::Unavailable) => {
                tracing::debug!(what, "the broker is out of reach, trying again in {pause:?}")
            }
            Err(error) => tracing::warn!(%error, what, "the broker does not serve, trying again in {pause:?}"),
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Says in `/readyz` whether the broker is there. The chat lives without it, its bots do not.
pub async fn status(node: &Node, stop: &CancellationToken) {
    let tell = |now| match now {
        Status::Up => node.readiness.restore("broker"),
        Status::Down => {
            tracing::warn!("the broker is out of reach: messages go on, commands of bots do not");
            node.readiness.degrade("broker");
        }
    };
    Status::follow(node.commands.broker.status(), stop, tell).await;
}

/// Hands progress on to whoever waits for the command here.
pub async fn progress(node: &Node, stop: &CancellationToken) {
    let topic = node.commands.topology.progress();
    let connect = || async { node.commands.broker.listen(&[&topic]).await };
    while let Some(mut hints) = until_connected(stop, &topic, connect).await {
        while let Some(Some(hint)) = stop.run_until_cancelled(hints.next()).await {
            hand_on(node, &hint);
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

pub(super) fn hand_on(node: &Node, hint: &[u8]) {
    let Ok(Progress { id, fraction, text }) = serde_json::from_slice(hint) else { return };
    let waiting = node.commands.waiting(id);
    if !waiting.is_empty() {
        let text = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let bytes = wire::text(&ServerFrame::Progress { id, fraction, text }.to_json());
        // Who is behind has enough to read: no bot's chatter makes a socket too slow.
        let keeping_up = waiting.iter().filter(|socket| !socket.outbox().has_backlog());
        keeping_up.for_each(|socket| socket.outbox().send(bytes.clone()));
    }
}

/// Looks for auth's news as soon as the broker hints at some.
pub async fn auth_hints(node: &Node, stop: &CancellationToken) {
    let topic = node.commands.topology.auth_events();
    let connect = || async { node.commands.broker.listen(&[&topic]).await };
    while let Some(mut hints) = until_connected(stop, &topic, connect).await {
        while let Some(Some(_)) = stop.run_until_cancelled(hints.next()).await {
            node.people.hinted.notify_one();
        }
        if stop.is_cancelled() {
            return;
        }
    }
}
