//! The library that a bot is written with. A whole bot:
//!
//! ```
//! use parlor_bot::{Bot, Command, Reply, argument};
//!
//! fn shout() -> Bot {
//!     let shout = Command::new("shout", "Says it louder")
//!         .argument(argument::integer("marks").between(1, 9).option())
//!         .argument(argument::word("words").many())
//!         .handle(|invocation, _context| async move {
//!             let marks = invocation.integer("marks").and_then(|n| n.try_into().ok()).unwrap_or(1);
//!             Ok(Reply::to_room(invocation.words("words").join(" ").to_uppercase() + &"!".repeat(marks)))
//!         });
//!     Bot::new("shout", "Shouter").command(shout)
//! }
//! # #[tokio::main]
//! # async fn main() {
//! #     let mut chat = parlor_bot::testing::Chat::open().await;
//! #     chat.admit(shout(), "one").await;
//! #     let outcome = chat.ask("/shout hear me --marks 3").await.unwrap();
//! #     assert_eq!(outcome, parlor_bot::Outcome::Message { text: "HEAR ME!!!".into(), details: None });
//! #     chat.close().await;
//! # }
//! ```
//!
//! [`serve`] makes a program of it, which [`run`] brings to the chat: it announces the bot's commands, takes the
//! invocations of those that the chat accepted, answers, and only then acknowledges.
//!
//! * [`argument`], [`Bot`], [`Command`]: what a bot can do
//! * [`Invocation`], [`Context`], [`Reply`], [`Failure`]: one command on its way
//! * [`run`]: the life of a replica; [`serve`]: the same as a process of its own
//! * [`testing`]: the chat's side, for a bot's own tests
//!
//! This crate must not know rooms, people or stores: it has what an invocation says, and an answer goes back.

mod announce;
pub mod argument;
mod backoff;
mod command;
mod invocation;
mod process;
mod reply;
mod run;
pub mod testing;
mod work;

pub use command::{Bot, Command};
pub use invocation::{Context, Invocation};
pub use parlor_protocol::{
    broker::Outcome,
    socket::{Details, Fact},
};
pub use process::{Unusable, serve};
pub use reply::{Failure, Reply};
pub use run::{Ports, run};
