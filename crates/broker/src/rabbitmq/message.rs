//! A message as properties on the wire, and back.

use std::time::Duration;

use lapin::{BasicProperties, types::AMQPValue};

use super::failure::short;
use crate::port::{BrokerError, DeadReason, Message};

const PERSISTENT: u8 = 2;
/// All of an installation's messages are, by its published document.
const JSON: &str = "application/json";
/// The longest expiration, in milliseconds, that RabbitMQ takes; a longer one closes the channel. That is 49 days.
const EXPIRATION_MAX: u128 = u32::MAX as u128;

pub(super) fn properties(message: &Message) -> Result<BasicProperties, BrokerError> {
    let mut properties = hint().with_delivery_mode(PERSISTENT);
    if let Some(id) = &message.correlation_id {
        properties = properties.with_correlation_id(short(id)?);
    }
    if let Some(queue) = &message.reply_to {
        properties = properties.with_reply_to(short(queue)?);
    }
    match message.expires_in.map(|time| time.as_millis()) {
        Some(millis) if millis <= EXPIRATION_MAX => {
            properties = properties.with_expiration(short(&millis.to_string())?);
        }
        // What outlives every restart need not expire.
        Some(_) | None => {}
    }
    Ok(properties)
}

/// Of what waits in no queue that outlives its listener.
pub(super) fn hint() -> BasicProperties {
    BasicProperties::default().with_content_type(JSON.into())
}

pub(super) fn received(body: Vec<u8>, properties: &BasicProperties) -> Message {
    let expiration = properties.expiration().as_ref().and_then(|millis| millis.as_str().parse().ok());
    Message {
        body: body.into(),
        correlation_id: properties.correlation_id().as_ref().map(ToString::to_string),
        reply_to: properties.reply_to().as_ref().map(ToString::to_string),
        expires_in: expiration.map(Duration::from_millis),
        dead_because: dead_because(properties),
    }
}

/// The latest death: `x-death` has them newest first.
fn dead_because(properties: &BasicProperties) -> Option<DeadReason> {
    let headers = properties.headers().as_ref()?.inner();
    let latest = headers.get("x-death").and_then(|deaths| match deaths {
        AMQPValue::FieldArray(deaths) => match deaths.as_slice().first()? {
            AMQPValue::FieldTable(death) => death.inner().get("reason"),
            _ => None,
        },
        _ => None,
    });
    match latest.or_else(|| headers.get("x-first-death-reason"))? {
        AMQPValue::LongString(reason) => reason_of(reason.as_bytes()),
        AMQPValue::ShortString(reason) => reason_of(reason.as_str().as_bytes()),
        _ => None,
    }
}

fn reason_of(word: &[u8]) -> Option<DeadReason> {
    match word {
        b"expired" => Some(DeadReason::Expired),
        b"rejected" => Some(DeadReason::Rejected),
        b"delivery_limit" => Some(DeadReason::DeliveryLimit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::{FieldArray, FieldTable};

    use super::*;

    #[test]
    fn a_message_comes_back_as_it_went() {
        let sent = Message::new("body").correlation_id("id").reply_to("queue").expires_in(Duration::from_millis(1_500));
        let wire = properties(&sent).unwrap();
        assert_eq!(*wire.delivery_mode(), Some(PERSISTENT));
        assert_eq!(wire.content_type().as_ref().map(|kind| kind.as_str()), Some(JSON));
        assert_eq!(received(b"body".to_vec(), &wire), sent);
    }

    #[test]
    fn what_the_broker_cannot_carry_is_refused_here_or_left_out() {
        let long = Message::new("").correlation_id("x".repeat(256));
        assert!(matches!(properties(&long), Err(BrokerError::Refused(_))));
        let years = Message::new("").expires_in(Duration::from_secs(u64::MAX));
        assert_eq!(*properties(&years).unwrap().expiration(), None);
    }

    #[test]
    fn the_latest_death_counts() {
        let death = |reason: &str| {
            let mut death = FieldTable::default();
            death.insert("reason".into(), AMQPValue::LongString(reason.into()));
            AMQPValue::FieldTable(death)
        };
        let of = |headers: FieldTable| dead_because(&BasicProperties::default().with_headers(headers));
        let mut headers = FieldTable::default();
        assert_eq!(of(headers.clone()), None);
        headers.insert("x-first-death-reason".into(), AMQPValue::LongString("expired".into()));
        assert_eq!(of(headers.clone()), Some(DeadReason::Expired));
        let deaths = vec![death("delivery_limit"), death("expired")];
        headers.insert("x-death".into(), AMQPValue::FieldArray(FieldArray::from(deaths)));
        assert_eq!(of(headers.clone()), Some(DeadReason::DeliveryLimit));
        headers.insert("x-death".into(), AMQPValue::LongString("not a list".into()));
        assert_eq!(of(headers), Some(DeadReason::Expired));
    }
}
