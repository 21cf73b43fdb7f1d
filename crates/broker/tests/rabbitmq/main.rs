//! The adapter for RabbitMQ against a real one: the conformance suite, and what only a broker out of reach can show.
//! `scripts/with-rabbitmq` starts one; `PARLOR_TEST_AMQP_URL` says where it is.

mod life;
mod outages;
mod real;
mod suite;
