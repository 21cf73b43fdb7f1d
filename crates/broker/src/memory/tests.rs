//! The conformance suite for the broker in memory, and what only this one can show.

use super::*;
use crate::conformance::Connections;

async fn connect() -> Connections {
    let broker = Arc::new(MemoryBroker::new());
    Connections { one: broker.clone(), other: broker }
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
