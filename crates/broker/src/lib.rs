//! The message broker as Parlor needs it: one port, and the adapters side by side.
//!
//! * [`port`]: queues, hints, and who may do what with them
//! * [`topology`]: the queues of an installation by name
//! * [`memory`]: everything in this process
//! * [`rabbitmq`]: between processes
//! * [`conformance`]: the suite that every adapter passes
//!
//! The store is the truth and the broker only hastens: a queue carries work that a row elsewhere vouches for,
//! and a hint says no more than that a look into the store is worth while. This crate must not know what the
//! messages mean.
//!
//! Directions are types. Who only sends holds a [`Publisher`], who only receives a [`Consumer`]:
//!
//! ```
//! # async fn sends(publisher: parlor_broker::Publisher, mut consumer: parlor_broker::Consumer) {
//! let _ = publisher.publish(parlor_broker::Message::new("hello")).await;
//! let _ = consumer.next().await;
//! # }
//! ```
//! ```compile_fail,E0599
//! # async fn receives(publisher: parlor_broker::Publisher) {
//! publisher.next().await; // a publisher receives nothing
//! # }
//! ```
//! ```compile_fail,E0599
//! # async fn sends(mut consumer: parlor_broker::Consumer) {
//! consumer.publish(parlor_broker::Message::new("hello")).await; // a consumer sends nothing
//! # }
//! ```

pub mod conformance;
pub mod memory;
pub mod port;
pub mod rabbitmq;
pub mod topology;

pub use memory::MemoryBroker;
pub use port::{
    Broker, BrokerError, Consumer, DeadReason, Delivery, Hints, Message, Publisher, Queue, QueueKind, Status, Verdict,
};
pub use rabbitmq::RabbitBroker;
pub use topology::Topology;
