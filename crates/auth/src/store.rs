//! Where accounts, sessions and the event log are kept: the port, its adapters, and the suite that all of them pass.

pub mod port;
pub mod sqlite;

#[cfg(test)]
mod conformance;
