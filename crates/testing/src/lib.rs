//! Starts the real program and speaks to it in the words of the people who use it.
//!
//! ```no_run
//! # async fn example() {
//! use parlor_testing::Parlor;
//!
//! let parlor = Parlor::starts().await;
//! let carlos = parlor.log_in("carlos").await;
//! let john = parlor.log_in("john").await;
//! let general = carlos.room("general").await;
//! let (mut his, mut hers) = (carlos.connects().await, john.connects().await);
//! his.says("hi").in_room(&general).await;
//! assert_eq!(hers.hears_message("hi").await.author.name, "Carlos");
//! # }
//! ```
//!
//! * [`parlor`]: the program as a process in a folder of its own
//! * [`person`]: somebody who is logged in; [`tab`]: one of their sockets
//! * [`answer`]: what came back over HTTP; [`raw`]: bytes over TCP, for what no well-behaved client sends
//! * [`rabbit`]: the broker between services apart, and a way to it that fails
//! * [`cluster`]: auth, chat and the stock bot, each a process
//! * [`quotes`]: a quote provider with faults at will
//! * [`connections`]: whom the program speaks to; [`footprint`]: what it takes of its machine
//! * [`wait`]: for events, with a deadline; nothing here sleeps
//!
//! This crate knows the protocol and the command line, and nothing of the services' code.

pub mod answer;
pub mod cluster;
pub mod connections;
pub mod footprint;
pub mod parlor;
pub mod person;
pub mod quotes;
pub mod rabbit;
pub mod raw;
pub mod tab;
pub mod wait;

pub use answer::Answer;
pub use cluster::Cluster;
pub use parlor::{Parlor, Setup};
pub use person::Person;
pub use quotes::{Mood, Quotes};
pub use rabbit::{Proxy, Rabbit};
pub use tab::Tab;
pub use wait::{eventually, soon};
