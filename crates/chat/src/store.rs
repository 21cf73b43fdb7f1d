//! Where the chat keeps what must not be lost: one port, its adapters side by side, one conformance suite.

pub mod port;
pub mod sqlite;

#[cfg(test)]
pub(crate) mod conformance;

pub use port::{
    Begun, Claim, Claimed, Invocation, MemberOf, NewInvocation, Opened, Outcome, Page, Position, ReadUpto, Room,
    RoomView, Scope, Store, StoreError,
};
