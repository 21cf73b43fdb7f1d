//! What becomes of a message that nobody could take: to the dead letters, with the reason.

use super::{Connections, TTL, next, next_text, text};
use crate::port::{DeadReason, Delivery, Message, Verdict};

fn assert_dead(delivery: &Delivery, body: &str, reason: DeadReason) {
    assert_eq!(text(delivery), body);
    assert_eq!(delivery.message().dead_because, Some(reason));
    assert_eq!(delivery.message().correlation_id.as_deref(), Some("id-1"), "a dead letter is still about something");
}

fn message(body: &str) -> Message {
    Message::new(body.to_owned()).correlation_id("id-1")
}

pub async fn a_rejected_message_becomes_a_dead_letter(connections: Connections) {
    let (name, dead) = connections.mortal(5).await;
    connections.publish_message(&name, message("bad")).await;
    connections.publish_message(&name, message("good")).await;
    let mut consumer = connections.consume(&name, 1).await;
    next(&mut consumer).await.settle(Verdict::Reject);
    assert_eq!(next_text(&mut consumer).await, "good");
    let mut dead = connections.consume(&dead, 1).await;
    let letter = next(&mut dead).await;
    assert_dead(&letter, "bad", DeadReason::Rejected);
    letter.ack();
}

pub async fn a_message_returned_too_often_becomes_a_dead_letter(connections: Connections) {
    let (name, dead) = connections.mortal(3).await;
    connections.publish_message(&name, message("poison")).await;
    let mut consumer = connections.consume(&name, 1).await;
    for _ in 0..3 {
        let delivery = next(&mut consumer).await;
        assert_eq!(text(&delivery), "poison");
        delivery.settle(Verdict::Requeue);
    }
    let mut dead = connections.consume(&dead, 1).await;
    let letter = next(&mut dead).await;
    assert_dead(&letter, "poison", DeadReason::DeliveryLimit);
    letter.ack();
    connections.publish(&name, "well").await;
    assert_eq!(next_text(&mut consumer).await, "well");
}

pub async fn an_expired_message_becomes_a_dead_letter(connections: Connections) {
    let (name, dead) = connections.mortal(5).await;
    connections.publish_message(&name, message("late").expires_in(TTL)).await;
    // Nobody touches the queue meanwhile.
    let mut dead = connections.consume(&dead, 1).await;
    let letter = next(&mut dead).await;
    assert_dead(&letter, "late", DeadReason::Expired);
    letter.ack();
}

pub async fn an_expired_message_is_not_delivered(connections: Connections) {
    let (name, dead) = connections.mortal(5).await;
    let mut consumer = connections.consume(&name, 1).await;
    connections.publish(&name, "busy").await;
    let busy = next(&mut consumer).await;
    connections.publish_message(&name, message("late").expires_in(TTL)).await;
    connections.publish_message(&name, message("patient").expires_in(TTL * 10_000)).await;
    let mut dead = connections.consume(&dead, 1).await;
    let letter = next(&mut dead).await;
    assert_dead(&letter, "late", DeadReason::Expired);
    letter.ack();
    busy.ack();
    assert_eq!(next_text(&mut consumer).await, "patient");
}

pub async fn a_short_time_to_live_does_not_wait_for_a_long_one(connections: Connections) {
    let (long, _) = connections.mortal(5).await;
    let (short, dead) = connections.mortal(5).await;
    connections.publish_message(&long, message("patient").expires_in(TTL * 10_000)).await;
    // Once something has died of the long queue's neighbour, whoever keeps the time has seen the long one too.
    for body in ["late", "later"] {
        connections.publish_message(&short, message(body).expires_in(TTL)).await;
        let mut dead = connections.consume(&dead, 1).await;
        let letter = next(&mut dead).await;
        assert_dead(&letter, body, DeadReason::Expired);
        letter.ack();
    }
}

pub async fn without_dead_letters_an_expired_message_is_gone(connections: Connections) {
    let name = connections.work().await;
    connections.publish_message(&name, message("late").expires_in(TTL)).await;
    // The other queue's message was published later with the same time to live; once it has died, so has the first.
    let (clock, dead) = connections.mortal(5).await;
    connections.publish_message(&clock, message("tick").expires_in(TTL)).await;
    next(&mut connections.consume(&dead, 1).await).await.ack();
    connections.publish(&name, "fresh").await;
    assert_eq!(next_text(&mut connections.consume(&name, 1).await).await, "fresh");
}

pub async fn without_dead_letters_a_rejected_message_is_gone(connections: Connections) {
    let name = connections.work().await;
    connections.publish(&name, "bad").await;
    let mut consumer = connections.consume(&name, 1).await;
    next(&mut consumer).await.settle(Verdict::Reject);
    connections.publish(&name, "good").await;
    assert_eq!(next_text(&mut consumer).await, "good");
}
