//! What auth is told at its start: plain data, and the ports it works through. Must not know where these come from.

use std::{fmt, path::PathBuf, sync::Arc};

use ipnet::IpNet;
use parlor_broker::{port::Broker, topology::Topology};
use parlor_edge::Readiness;

/// Failed logins a minute for one account from one address, unless set otherwise.
pub const DEFAULT_LOGIN_RATE: u32 = 10;

#[derive(Clone)]
pub struct Config {
    /// The SQLite file.
    pub store: PathBuf,
    /// The installation's secret.
    pub secret: String,
    /// As people reach this installation; decides the accepted `Origin` and the cookie.
    pub public_url: Option<String>,
    /// Demo mode, with this many more people than the three.
    pub demo: Option<u32>,
    /// Failed logins a minute for one account from one address; ten times as many from one address; 0 is no limit.
    pub login_rate: u32,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, secret: _, public_url, demo, login_rate, trusted_proxies } = self;
        f.debug_struct("Config")
            .field("store", store)
            .field("public_url", public_url)
            .field("demo", demo)
            .field("login_rate", login_rate)
            .field("trusted_proxies", trusted_proxies)
            .finish_non_exhaustive()
    }
}

/// What auth works through.
#[derive(Debug)]
pub struct Ports {
    /// Carries hints that the log has grown; nothing depends on them but speed.
    pub broker: Option<Arc<dyn Broker>>,
    pub topology: Topology,
    /// Where auth tells that its store is gone.
    pub readiness: Readiness,
}
