//! What holds for every input that comes from outside, whatever its bytes: a function for each kind of input, which
//! panics where it does not hold. Fuzzing calls them with inputs of its own, a test with those that are kept in
//! `fuzz/corpus`. They must not know how an input came about.

mod broker;
mod command_line;
mod frame;
mod quotes;
mod socket;

pub use broker::broker_message;
pub use command_line::command_line;
pub use frame::client_frame;
pub use quotes::{stooq, yahoo};
pub use socket::socket_bytes;

/// A name, that of its corpus, and what holds for every input.
pub type Property = (&'static str, fn(&[u8]));

/// Every property by its name, which is the fuzz target's and its corpus folder's too.
pub const ALL: &[Property] = &[
    ("broker_message", broker_message),
    ("client_frame", client_frame),
    ("command_line", command_line),
    ("socket_bytes", socket_bytes),
    ("stooq", stooq),
    ("yahoo", yahoo),
];
