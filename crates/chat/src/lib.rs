//! The chat service: rooms, their logs, live sockets, and commands that others answer.
//!
//! A message's way: [`socket`] → [`request::message`] → [`permission`] → [`log::append`] → [`hub`] → [`outbox`].
//! A command's way: [`request::command`] → [`command::invoke`] → a bot → [`command::answer`] → [`log::append`].
//!
//! * [`node`]: what the parts share, and the life of all tasks
//! * [`who`], [`permission`]: who asks, and what they may; nothing is done without them
//! * [`socket`], [`outbox`], [`hub`]: connections, and one event's bytes to all that it concerns
//! * [`request`]: the three frames of a client; [`http`]: the calls
//! * [`log`]: the numbered entries of a room; [`reading`]: how far each has read; [`store`]: where both are kept
//! * [`command`]: who can answer what, invocations, their one outcome
//! * [`people`], [`auth`]: what auth knows

pub mod auth;
pub mod command;
pub mod http;
pub mod hub;
pub mod log;
pub mod node;
pub mod outbox;
pub mod people;
pub mod permission;
pub mod reading;
pub mod request;
pub mod socket;
pub mod store;
pub mod who;

pub use node::{Chat, Config, Ports, open};
