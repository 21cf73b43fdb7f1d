//! Bots from outside (S12, S13): the examples and bots by hand, as processes and connections of their own at a real
//! RabbitMQ, beside the real program. `scripts/with-rabbitmq` starts the broker; `PARLOR_TEST_AMQP_URL` says where it is.
//!
//! * [`installation`], [`process`]: a chat and its bots; [`by_hand`]: a bot that does what no good one does
//! * [`tap`], [`document`]: what crosses the broker, held against the document that is published of it
//! * the others: one file a guarantee

#![allow(clippy::unwrap_used, reason = "whatever is missing ends the test")]

mod broker_away;
mod by_hand;
mod come_and_go;
mod dead_letters;
mod document;
mod documented;
mod hostile_answers;
mod hostile_manifests;
mod installation;
mod one_outcome;
mod process;
mod replicas;
mod tap;
