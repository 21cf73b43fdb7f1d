//! What a queue promises: what is declared, in which order, to whom, and where its bound is.

use parlor_protocol::limits;

use super::{Connections, done, in_time, next, next_text, text};
use crate::port::{BrokerError, Message, Publisher, Queue, QueueKind, Verdict};

pub async fn a_queue_may_be_declared_again(connections: Connections) {
    let name = connections.work().await;
    connections.publish(&name, "kept").await;
    let kind = QueueKind::Work { max_length: 1_000, delivery_limit: 5, dead_letters: None };
    for broker in [&connections.one, &connections.other] {
        done(in_time("declare", broker.declare(&Queue { name: name.clone(), kind: kind.clone() })).await);
    }
    assert_eq!(next_text(&mut connections.consume(&name, 1).await).await, "kept");
}

pub async fn another_kind_under_the_same_name_is_refused(connections: Connections) {
    let name = connections.work().await;
    let other = Queue { name, kind: QueueKind::Work { max_length: 7, delivery_limit: 5, dead_letters: None } };
    let refused = in_time("declare", connections.one.declare(&other)).await;
    assert!(matches!(refused, Err(BrokerError::Refused(_))), "{refused:?}");
    // A refusal costs nothing but the request.
    connections.work().await;
}

pub async fn a_queue_that_nobody_declared_is_named_in_the_error(connections: Connections) {
    let name = connections.fresh("nowhere");
    let published = in_time("publish", connections.one.publish(&name, Message::new("lost"))).await;
    assert_eq!(published, Err(BrokerError::NoQueue(name.clone())));
    let consumed = in_time("consume", connections.one.consume(&name, 1)).await;
    assert_eq!(consumed.err(), Some(BrokerError::NoQueue(name)));
}

pub async fn a_message_arrives_whole_over_another_connection(connections: Connections) {
    let name = connections.work().await;
    let body: Vec<u8> = (0..=255).collect();
    connections.publish_message(&name, Message::new(body.clone()).correlation_id("id-1").reply_to("replies")).await;
    let mut consumer = connections.consume(&name, 1).await;
    let delivery = next(&mut consumer).await;
    assert_eq!(delivery.body(), body);
    assert_eq!(delivery.message().correlation_id.as_deref(), Some("id-1"));
    assert_eq!(delivery.message().reply_to.as_deref(), Some("replies"));
    assert_eq!(delivery.message().dead_because, None);
    assert!(!delivery.redelivered());
    delivery.ack();
}

pub async fn a_queue_keeps_the_order(connections: Connections) {
    let name = connections.work().await;
    let mut consumer = connections.consume(&name, 10).await;
    for n in 0..100 {
        connections.publish(&name, n.to_string()).await;
    }
    for n in 0..100 {
        assert_eq!(next_text(&mut consumer).await, n.to_string());
    }
}

pub async fn a_queue_keeps_what_came_before_its_consumer(connections: Connections) {
    let name = connections.work().await;
    for n in 0..10 {
        connections.publish(&name, n.to_string()).await;
    }
    let mut consumer = connections.consume(&name, 3).await;
    for n in 0..10 {
        assert_eq!(next_text(&mut consumer).await, n.to_string());
    }
}

pub async fn a_full_queue_refuses_and_takes_more_once_there_is_room(connections: Connections) {
    let kind = QueueKind::Work { max_length: 5, delivery_limit: 5, dead_letters: None };
    let name = connections.queue("small", kind).await;
    for n in 0..5 {
        connections.publish(&name, n.to_string()).await;
    }
    let more = connections.until_refused(&name, |error| *error == BrokerError::Full(name.clone())).await;
    // Nothing that was taken is lost, nothing that was refused comes.
    let mut consumer = connections.consume(&name, 1).await;
    for n in 0..5 {
        assert_eq!(next_text(&mut consumer).await, n.to_string());
    }
    for _ in 0..more {
        assert_eq!(next_text(&mut consumer).await, "again");
    }
    let room = async {
        while connections.one.publish(&name, Message::new("room")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    in_time("room", room).await;
    assert_eq!(next_text(&mut consumer).await, "room");
}

pub async fn a_body_above_the_limit_is_refused(connections: Connections) {
    let name = connections.work().await;
    connections.publish_message(&name, Message::new(vec![b'x'; limits::BROKER_BYTES])).await;
    let above = Message::new(vec![b'x'; limits::BROKER_BYTES + 1]);
    let refused = in_time("publish", connections.one.publish(&name, above)).await;
    assert!(matches!(refused, Err(BrokerError::Refused(_))), "{refused:?}");
    assert_eq!(next(&mut connections.consume(&name, 1).await).await.body().len(), limits::BROKER_BYTES);
}

pub async fn no_more_than_the_prefetch_is_unsettled(connections: Connections) {
    let name = connections.work().await;
    for n in 0..5 {
        connections.publish(&name, n.to_string()).await;
    }
    let mut greedy = connections.consume(&name, 2).await;
    let first = next(&mut greedy).await;
    let second = next(&mut greedy).await;
    // What the greedy one may not have yet, another gets, though the greedy one came first.
    let mut other = connections.consume(&name, 10).await;
    for n in 2..5 {
        assert_eq!(next_text(&mut other).await, n.to_string());
    }
    drop(other);
    first.ack();
    connections.publish(&name, "next").await;
    assert_eq!(next_text(&mut greedy).await, "next");
    second.ack();
}

pub async fn consumers_share_the_messages(connections: Connections) {
    let name = connections.work().await;
    let mut a = connections.consume(&name, 1).await;
    let mut b = connections.consume(&name, 1).await;
    connections.publish(&name, "x").await;
    connections.publish(&name, "y").await;
    let (at_a, at_b) = (next(&mut a).await, next(&mut b).await);
    let mut got = [text(&at_a), text(&at_b)];
    got.sort();
    assert_eq!(got, ["x", "y"]);
    at_a.ack();
    at_b.ack();

    for n in 0..100 {
        connections.publish(&name, format!("{n:03}")).await;
    }
    let mut got = Vec::new();
    while got.len() < 100 {
        let either = async {
            tokio::select! { d = a.next() => d, d = b.next() => d }
        };
        let delivery = in_time("a delivery", either).await.expect("a consumer has ended");
        got.push(text(&delivery));
        delivery.ack();
    }
    got.sort();
    assert_eq!(got, (0..100).map(|n| format!("{n:03}")).collect::<Vec<_>>());
}

pub async fn a_dropped_delivery_comes_back_marked(connections: Connections) {
    let name = connections.work().await;
    connections.publish(&name, "kept").await;
    let mut consumer = connections.consume(&name, 1).await;
    drop(next(&mut consumer).await);
    let again = next(&mut consumer).await;
    assert_eq!(text(&again), "kept");
    assert!(again.redelivered());
    again.ack();
}

pub async fn a_requeued_delivery_comes_back(connections: Connections) {
    let name = connections.work().await;
    connections.publish_message(&name, Message::new("kept").correlation_id("id-1").reply_to("replies")).await;
    let mut consumer = connections.consume(&name, 1).await;
    next(&mut consumer).await.settle(Verdict::Requeue);
    let again = next(&mut consumer).await;
    assert!(again.redelivered());
    assert_eq!(again.message().correlation_id.as_deref(), Some("id-1"));
    assert_eq!(again.message().reply_to.as_deref(), Some("replies"));
    again.ack();
}

pub async fn a_consumer_that_goes_returns_what_it_had(connections: Connections) {
    let name = connections.work().await;
    for n in 0..5 {
        connections.publish(&name, n.to_string()).await;
    }
    let mut goes = connections.consume(&name, 3).await;
    let held = next(&mut goes).await;
    drop(goes);
    drop(held);
    let mut stays = connections.consume(&name, 10).await;
    let mut got = Vec::new();
    for _ in 0..5 {
        got.push(next_text(&mut stays).await);
    }
    got.sort();
    assert_eq!(got, ["0", "1", "2", "3", "4"]);
}

pub async fn a_delivery_outlives_its_consumer(connections: Connections) {
    let name = connections.work().await;
    connections.publish(&name, "held").await;
    connections.publish(&name, "waits").await;
    let mut consumer = connections.consume(&name, 2).await;
    let held = next(&mut consumer).await;
    drop(consumer);
    let mut other = connections.consume(&name, 1).await;
    assert_eq!(next_text(&mut other).await, "waits");
    drop(other);
    held.ack();
    connections.publish(&name, "new").await;
    let mut last = connections.consume(&name, 10).await;
    assert_eq!(next_text(&mut last).await, "new", "what was held came back although it was acknowledged");
}

pub async fn what_was_acknowledged_never_comes_back(connections: Connections) {
    let name = connections.work().await;
    connections.publish(&name, "done").await;
    let mut consumer = connections.consume(&name, 1).await;
    assert_eq!(next_text(&mut consumer).await, "done");
    drop(consumer);
    connections.publish(&name, "new").await;
    let mut consumer = connections.consume(&name, 10).await;
    assert_eq!(next_text(&mut consumer).await, "new");
}

pub async fn a_publisher_reaches_its_queue(connections: Connections) {
    let name = connections.work().await;
    let publisher = Publisher::new(connections.one.clone(), &name);
    done(in_time("publish", publisher.publish(Message::new("hello"))).await);
    assert_eq!(next_text(&mut connections.consume(&name, 1).await).await, "hello");
}

pub async fn an_exclusive_queue_drops_its_oldest(connections: Connections) {
    let name = connections.queue("exclusive", QueueKind::Exclusive { max_length: 3 }).await;
    for n in 0..5 {
        done(in_time("publish", connections.other.publish(&name, Message::new(n.to_string()))).await);
    }
    let mut consumer = done(in_time("consume", connections.one.consume(&name, 1)).await);
    for n in 2..5 {
        assert_eq!(next_text(&mut consumer).await, n.to_string());
    }
}

pub async fn an_exclusive_queue_has_one_consumer(connections: Connections) {
    let name = connections.queue("exclusive", QueueKind::Exclusive { max_length: 3 }).await;
    let _consumer = done(in_time("consume", connections.one.consume(&name, 1)).await);
    for broker in [&connections.one, &connections.other] {
        let second = in_time("consume", broker.consume(&name, 1)).await;
        assert!(matches!(second, Err(BrokerError::Refused(_))), "{second:?}");
    }
}

pub async fn an_exclusive_queue_goes_with_its_consumer(connections: Connections) {
    let name = connections.queue("exclusive", QueueKind::Exclusive { max_length: 3 }).await;
    let consumer = done(in_time("consume", connections.one.consume(&name, 1)).await);
    connections.publish(&name, "unread").await;
    drop(consumer);
    connections.until_refused(&name, |error| *error == BrokerError::NoQueue(name.clone())).await;
}
