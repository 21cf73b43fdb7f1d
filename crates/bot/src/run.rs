//! The life of a replica: it owns every task of the bot and returns when all have ended.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parlor_broker::{Broker, BrokerError, Consumer, Topology};
use tokio::{
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    announce::{Accepted, Announcer},
    backoff::Backoff,
    command::Bot,
    work::Work,
};

/// What a replica needs to live.
#[derive(Debug, Clone)]
pub struct Ports {
    pub broker: Arc<dyn Broker>,
    pub topology: Topology,
    /// Tells this replica from the others of the bot; two at once must not have the same.
    pub replica: String,
}

/// Runs one replica of a bot until `shutdown`, then finishes what it has in hand. A broker out of reach is waited for.
pub async fn run(bot: Bot, ports: Ports, shutdown: CancellationToken) {
    let Ports { broker, topology, replica } = ports;
    let pace = bot.pace.clone();
    tracing::info!(bot = bot.name, replica, "the bot starts");
    let manifest = bot.manifest(&replica);
    let announcer = Announcer::new(broker.clone(), topology.clone(), manifest, pace.announce_every);
    let accepted = announcer.accepted();
    let hands = Arc::new(Hands {
        work: Work::new(bot, replica, broker.clone(), &topology),
        broker,
        at_once: pace.at_once,
        free: Arc::new(Semaphore::new(usize::from(pace.at_once))),
        busy: TaskTracker::new(),
        // Apart from `shutdown`: work in hand goes on after that.
        give_up: CancellationToken::new(),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(cancelled_by(shutdown.clone(), announcer.run()));
    tasks.spawn(consume_accepted(hands.clone(), accepted, shutdown));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a part of the bot ended too early");
        }
    }
    hands.finish(pace.finish_within).await;
    tracing::info!("the bot has stopped");
}

async fn cancelled_by(shutdown: CancellationToken, task: impl Future<Output = ()>) {
    let _ = shutdown.run_until_cancelled(task).await;
}

/// Where invocations are carried out, as many at once as the bot allows.
struct Hands {
    work: Work,
    broker: Arc<dyn Broker>,
    at_once: u16,
    free: Arc<Semaphore>,
    busy: TaskTracker,
    give_up: CancellationToken,
}

/// Consumes what the chat accepted, and stops with what it refused since.
async fn consume_accepted(hands: Arc<Hands>, mut accepted: watch::Receiver<Accepted>, shutdown: CancellationToken) {
    let mut consumed: BTreeMap<String, (CancellationToken, JoinHandle<()>)> = BTreeMap::new();
    loop {
        let queues: Vec<String> = accepted.borrow_and_update().values().cloned().collect();
        let gone: Vec<String> = consumed.keys().filter(|queue| !queues.contains(queue)).cloned().collect();
        for queue in gone {
            tracing::info!(queue, "no longer consumes");
            end(consumed.remove(&queue)).await;
        }
        for queue in queues {
            consumed.entry(queue).or_insert_with_key(|queue| {
                let stop = shutdown.child_token();
                (stop.clone(), tokio::spawn(consume(hands.clone(), queue.clone(), stop)))
            });
        }
        let changed = shutdown.run_until_cancelled(accepted.changed()).await;
        if !matches!(changed, Some(Ok(()))) {
            break;
        }
    }
    for task in consumed.into_values() {
        end(Some(task)).await;
    }
}

async fn end(task: Option<(CancellationToken, JoinHandle<()>)>) {
    let Some((stop, task)) = task else { return };
    stop.cancel();
    if let Err(error) = task.await {
        tracing::error!(%error, "a consumer ended too early");
    }
}

/// Takes from one queue until it is told to stop, over and over if the connection goes.
async fn consume(hands: Arc<Hands>, queue: String, stop: CancellationToken) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let mut failing: Option<BrokerError> = None;
    loop {
        let Some(consumer) = stop.run_until_cancelled(hands.broker.consume(&queue, hands.at_once)).await else {
            return;
        };
        match consumer {
            Ok(consumer) => {
                if failing.take().is_some() {
                    tracing::info!(queue, "consumes again");
                }
                backoff.reset();
                if stop.run_until_cancelled(take_all(&hands, consumer)).await.is_none() {
                    return;
                }
            }
            Err(error) => {
                if failing.as_ref() != Some(&error) {
                    tracing::warn!(queue, %error, "cannot consume; it tries again");
                    failing = Some(error);
                }
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(backoff.next())).await.is_none() {
            return;
        }
    }
}

async fn take_all(hands: &Arc<Hands>, mut consumer: Consumer) {
    loop {
        // The delivery first: a hand that waited for one would be missing at the bot's other queues.
        let Some(delivery) = consumer.next().await else { return };
        let Ok(hand) = hands.free.clone().acquire_owned().await else { return };
        let hands = hands.clone();
        hands.clone().busy.spawn(async move {
            let _ = hands.give_up.run_until_cancelled(hands.work.take(delivery)).await;
            drop(hand);
        });
    }
}

impl Hands {
    async fn finish(&self, limit: Duration) {
        self.busy.close();
        if !self.busy.is_empty() {
            tracing::info!(in_hand = self.busy.len(), "finishes what it has in hand");
        }
        if tokio::time::timeout(limit, self.busy.wait()).await.is_err() {
            tracing::warn!(in_hand = self.busy.len(), "gives back what it could not finish in time");
            self.give_up.cancel();
            self.busy.wait().await;
        }
    }
}
