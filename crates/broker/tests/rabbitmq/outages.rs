//! A broker that is late, gone, silent or short of memory: what is told, how soon, and that nothing is lost.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parlor_broker::{Broker, BrokerError, Consumer, Delivery, Message, RabbitBroker, Status};
use parlor_testing::Proxy;

use crate::real::{Installation, becomes, in_time};

/// What "at once" means on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

async fn unavailable_within<T: std::fmt::Debug>(limit: Duration, asked: impl Future<Output = Result<T, BrokerError>>) {
    let began = Instant::now();
    assert_eq!(in_time("an answer", asked).await.err(), Some(BrokerError::Unavailable));
    assert!(began.elapsed() < limit, "it took {:?}", began.elapsed());
}

async fn next(consumer: &mut Consumer) -> Delivery {
    in_time("a delivery", consumer.next()).await.expect("the consumer has ended")
}

fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(delivery.body()).into_owned()
}

async fn publish(broker: &RabbitBroker, queue: &str, body: &str) {
    in_time("a confirmation", broker.publish(queue, Message::new(body.to_owned()))).await.expect("it is published");
}

#[tokio::test]
async fn a_broker_that_comes_late_is_found() {
    let (installation, way) = (Installation::new(), Proxy::closed().await);
    let queue = installation.queue("late");
    let broker = installation.connect(&way.url());
    assert_eq!(*broker.status().borrow(), Status::Down);
    unavailable_within(AT_ONCE, broker.declare(&queue)).await;
    unavailable_within(AT_ONCE, broker.publish(&queue.name, Message::new("early"))).await;
    unavailable_within(AT_ONCE, broker.consume(&queue.name, 1)).await;
    unavailable_within(AT_ONCE, broker.listen(&["topic"])).await;
    broker.announce("topic", Bytes::from_static(b"nobody hears it"));
    way.admit();
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    publish(&broker, &queue.name, "in time").await;
    assert_eq!(text(&next(&mut broker.consume(&queue.name, 1).await.unwrap()).await), "in time");
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn an_outage_ends_what_receives_and_refuses_what_is_sent_at_once() {
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("outage");
    let broker = installation.connect(&way.url());
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    publish(&broker, &queue.name, "held").await;
    let mut consumer = broker.consume(&queue.name, 1).await.unwrap();
    let mut hints = broker.listen(&["topic"]).await.unwrap();
    let held = next(&mut consumer).await;

    way.refuse();
    assert!(in_time("the consumer's end", consumer.next()).await.is_none());
    assert!(in_time("the listener's end", hints.next()).await.is_none());
    becomes(&broker, Status::Down).await;
    unavailable_within(AT_ONCE, broker.publish(&queue.name, Message::new("lost"))).await;
    held.ack();

    way.admit();
    becomes(&broker, Status::Up).await;
    let again = next(&mut broker.consume(&queue.name, 1).await.unwrap()).await;
    assert_eq!(text(&again), "held", "an acknowledgement during the outage reached nobody");
    assert!(again.redelivered());
    again.ack();
    let mut hints = broker.listen(&["topic"]).await.unwrap();
    broker.announce("topic", Bytes::from_static(b"heard"));
    assert_eq!(in_time("a hint", hints.next()).await.unwrap(), "heard");
    installation.tidy(&[queue.name]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_confirmed_is_lost_however_often_the_connection_is() {
    const MESSAGES: usize = 1_000;
    const CUTS: usize = 5;
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("cut");
    let broker = Arc::new(installation.connect(&way.url()));
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();

    let (taken, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let takes = tokio::spawn({
        let (broker, queue) = (broker.clone(), queue.name.clone());
        async move {
            loop {
                broker.status().wait_for(|status| *status == Status::Up).await.unwrap();
                let Ok(mut consumer) = broker.consume(&queue, 16).await else { continue };
                while let Some(delivery) = consumer.next().await {
                    taken.send(text(&delivery)).unwrap();
                    delivery.ack();
                }
            }
        }
    });
    let mut confirmed = HashSet::new();
    for n in 0..MESSAGES {
        if n % (MESSAGES / CUTS) == MESSAGES / CUTS / 2 {
            way.cut();
        }
        let body = n.to_string();
        let until_confirmed = async {
            while let Err(error) = broker.publish(&queue.name, Message::new(body.clone())).await {
                assert_eq!(error, BrokerError::Unavailable);
                becomes(&broker, Status::Up).await;
                tokio::task::yield_now().await;
            }
        };
        in_time("a confirmation", until_confirmed).await;
        confirmed.insert(body);
    }
    while !confirmed.is_empty() {
        let body = in_time("a message that was confirmed", acknowledged.recv()).await.unwrap();
        confirmed.remove(&body);
    }
    takes.abort();
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn a_queue_that_the_broker_has_forgotten_is_declared_again() {
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("forgotten");
    let broker = installation.connect(&way.url());
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    installation.tidy(std::slice::from_ref(&queue.name)).await;
    let lost = in_time("an answer", broker.publish(&queue.name, Message::new("lost"))).await;
    assert_eq!(lost, Err(BrokerError::NoQueue(queue.name.clone())));
    way.refuse();
    becomes(&broker, Status::Down).await;
    way.admit();
    becomes(&broker, Status::Up).await;
    publish(&broker, &queue.name, "kept").await;
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_noticed_by_its_heartbeat() {
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("silent");
    let broker = installation.connect(&format!("{}?heartbeat=1", way.url()));
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    let mut consumer = broker.consume(&queue.name, 1).await.unwrap();
    way.flows(false);
    let (ended, published) = tokio::join!(consumer.next(), broker.publish(&queue.name, Message::new("perhaps")));
    assert!(ended.is_none());
    assert_eq!(published, Err(BrokerError::Unavailable));
    becomes(&broker, Status::Down).await;
    way.flows(true);
    becomes(&broker, Status::Up).await;
    publish(&broker, &queue.name, "surely").await;
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn a_confirmation_that_does_not_come_is_waited_for_no_longer_than_five_seconds() {
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("slow");
    let broker = installation.connect(&format!("{}?heartbeat=60", way.url()));
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    publish(&broker, &queue.name, "first").await;
    way.flows(false);
    let tries = (0..200).map(|_| broker.publish(&queue.name, Message::new("perhaps")));
    unavailable_within(Duration::from_secs(7), async {
        // More than may be unconfirmed: none waits longer for its turn than for its confirmation.
        let answers = futures_util::future::join_all(tries).await;
        assert!(answers.iter().all(|answer| *answer == Err(BrokerError::Unavailable)));
        Err::<(), _>(BrokerError::Unavailable)
    })
    .await;
    way.flows(true);
    publish(&broker, &queue.name, "last").await;
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn a_blocked_broker_counts_as_down_for_publishing_alone() {
    let (installation, way) = (Installation::new(), Proxy::open().await);
    let queue = installation.queue("blocked");
    let broker = installation.connect(&way.url());
    becomes(&broker, Status::Up).await;
    broker.declare(&queue).await.unwrap();
    for body in ["one", "two"] {
        publish(&broker, &queue.name, body).await;
    }
    let mut consumer = broker.consume(&queue.name, 1).await.unwrap();
    way.blocked(true);
    becomes(&broker, Status::Down).await;
    unavailable_within(Duration::from_secs(3), broker.publish(&queue.name, Message::new("lost"))).await;
    // Whoever receives helps the broker out of it.
    for body in ["one", "two"] {
        let delivery = next(&mut consumer).await;
        assert_eq!(text(&delivery), body);
        delivery.ack();
    }
    way.blocked(false);
    becomes(&broker, Status::Up).await;
    publish(&broker, &queue.name, "three").await;
    assert_eq!(text(&next(&mut consumer).await), "three");
    installation.tidy(&[queue.name]).await;
}
