//! The log of a room: every durable change is one numbered entry.

pub mod append;
pub mod entry;
pub mod replay;

pub use append::Log;
