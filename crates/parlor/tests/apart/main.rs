//! The three services as processes of their own, at a real RabbitMQ: each stops, starts and fails while the others
//! work on (S3, S15, S24). `scripts/with-rabbitmq` starts the broker; `PARLOR_TEST_AMQP_URL` says where it is.

mod auth_away;
mod bot_away;
mod broker_away;
mod chat_away;
mod one_command;
mod refusals;
mod sessions;
mod together;
