//! The conformance suite for the broker in memory, and what only this one can show.

use super::*;
use crate::conformance::Connections;

async fn connect() -> Connections {
    let broker = Arc::new(MemoryBroker::new());
    Connections::new("suite", broker.clone(), broker)
}

crate::conformance!(connect);
/// Consumers come and go while others publish, reject nothing and lose nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_while_consumers_come_and_go() {
    const MESSAGES: usize = 2_000;
    let broker = Arc::new(MemoryBroker::new());
    let kind = QueueKind::Work { max_length: 10_000, delivery_limit: u32::MAX, dead_letters: None };
    broker.declare(&Queue { name: "q".into(), kind }).await.unwrap();
    let (done, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let (broker, done) = (broker.clone(), done.clone());
            tokio::spawn(async move {
                loop {
                    let mut consumer = broker.consume("q", 8).await.unwrap();
                    for n in 0..5 {
                        let Some(delivery) = consumer.next().await else { return };
                        if n != 3 {
                            done.send(String::from_utf8(delivery.body().to_vec()).unwrap()).unwrap();
                            delivery.ack();
                        }
                    }
                }
            })
        })
        .collect();
    for n in 0..MESSAGES {
        broker.publish("q", Message::new(n.to_string())).await.unwrap();
    }
    let mut seen = std::collections::HashSet::new();
    while seen.len() < MESSAGES {
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), acknowledged.recv());
        let body = next.await.expect("a message is lost").unwrap();
        assert!(seen.insert(body), "a message came back after it was acknowledged");
    }
    for consumer in consumers {
        consumer.abort();
    }
}

#[tokio::test]
async fn a_broker_that_goes_ends_its_consumers_and_listeners() {
    let broker = MemoryBroker::new();
    let queue = Queue { name: "q".into(), kind: QueueKind::Exclusive { max_length: 10 } };
    broker.declare(&queue).await.unwrap();
    let mut consumer = broker.consume("q", 1).await.unwrap();
    let mut hints = broker.listen(&["t"]).await.unwrap();
    broker.publish("q", Message::new("last").expires_in(std::time::Duration::from_secs(60))).await.unwrap();
    drop(broker);
    assert_eq!(consumer.next().await.unwrap().body(), b"last");
    assert!(consumer.next().await.is_none());
    assert!(hints.next().await.is_none());
}

async fn with_messages(count: usize) -> MemoryBroker {
    let broker = MemoryBroker::new();
    let kind = QueueKind::Work { max_length: 100, delivery_limit: 5, dead_letters: None };
    broker.declare(&Queue { name: "q".into(), kind }).await.unwrap();
    for n in 0..count {
        broker.publish("q", Message::new(n.to_string())).await.unwrap();
    }
    broker
}

#[tokio::test]
async fn what_comes_back_takes_its_old_place() {
    let broker = with_messages(5).await;
    let mut first = broker.consume("q", 3).await.unwrap();
    let _held = first.next().await.unwrap();
    drop(first);
    let mut second = broker.consume("q", 10).await.unwrap();
    for n in 1..5 {
        let delivery = second.next().await.unwrap();
        assert_eq!(delivery.body(), n.to_string().as_bytes());
        delivery.ack();
    }
}

#[tokio::test]
async fn consumers_take_turns() {
    let broker = with_messages(0).await;
    let mut consumers = [broker.consume("q", 10).await.unwrap(), broker.consume("q", 10).await.unwrap()];
    for n in 0..10 {
        broker.publish("q", Message::new(n.to_string())).await.unwrap();
    }
    for n in 0..10_usize {
        let delivery = consumers[n % 2].next().await.unwrap();
        assert_eq!(delivery.body(), n.to_string().as_bytes());
        delivery.ack();
    }
}
