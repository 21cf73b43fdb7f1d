//! The words the services, bots and browsers of Parlor say to each other, as plain types.
//!
//! * [`ids`], [`time`], [`names`], [`text`]: values that are valid once they exist
//! * [`limits`]: every number that bounds an input
//! * [`error`]: the stable error codes, and what they are over HTTP
//! * [`socket`]: the frames of `GET /ws`
//! * [`http`]: bodies of the HTTP calls
//! * [`auth`]: auth's numbered events, which chat follows
//! * [`broker`]: manifests, invocations and answers, for bots
//! * [`line`](mod@line): the command line `/stock aapl.us`, its parser and argument types
//! * [`demo`]: the people of demo mode
//!
//! This crate must not know how anything is stored, sent or computed.

pub mod auth;
pub mod broker;
pub mod demo;
pub mod error;
pub mod http;
pub mod ids;
pub mod limits;
pub mod line;
pub mod names;
pub mod schema;
pub mod socket;
pub mod text;
pub mod time;

/// The number of this protocol, as `hello` and `GET /api/info` carry it. A page that was built for a
/// smaller number reloads itself.
pub const PROTOCOL: u32 = 1;
