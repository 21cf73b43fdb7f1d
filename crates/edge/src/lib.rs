//! What every HTTP service of Parlor stands behind. It must not know rooms, accounts or stores.
//!
//! * [`serve`](serve::serve): the accept loop with its time limits, and the graceful stop
//! * [`guard`]: the one layer around a service's router: host, origin, client address, security headers, panics, log
//! * [`problem`], [`json`], [`parts`], [`fallback`]: strict requests in, problems out
//! * [`origin`], [`headers`], [`client`], [`watch`]: the guard's parts, each usable alone
//! * [`keys`], [`token`], [`cookie`]: a session on its way between browser and service
//! * [`probes`]: `/healthz`, `/readyz`, `/metrics`

mod body;
pub mod client;
pub mod cookie;
pub mod fallback;
pub mod guard;
pub mod headers;
pub mod json;
pub mod keys;
pub mod origin;
pub mod parts;
pub mod probes;
pub mod problem;
pub mod serve;
mod stream;
pub mod token;
mod waiting;
pub mod watch;

pub use client::Caller;
pub use guard::Guard;
pub use json::Json;
pub use keys::Keys;
pub use origin::Site;
pub use parts::{Path, Query};
pub use probes::Readiness;
pub use problem::Problem;
pub use serve::serve;
pub use stream::bare;
pub use token::SessionToken;

/// Carries the internal key between services.
pub const INTERNAL_KEY_HEADER: &str = "x-parlor-key";
/// Carries the client's address from a service in front to one behind it; counts only beside the right internal key.
pub const CLIENT_HEADER: &str = "x-parlor-client";
