//! Accounts, passwords, sessions, and the numbered log of their events. Must not know rooms or bots.
//!
//! * [`config`]: what auth is told at its start
//! * [`people`], [`import`]: accounts by command, beside a running server
//! * [`http`]: the calls, one file each; [`session`]: who is logged in
//! * [`password`]: argon2id, a few at a time; [`limits`]: failed logins
//! * [`announce`]: who waits for the log to grow; [`tasks`]: what runs beside the calls
//! * [`demo`]: the people of demo mode
//! * [`store`]: the port, its adapters, their one conformance suite

mod announce;
pub mod config;
mod demo;
mod http;
pub mod import;
mod limits;
mod password;
pub mod people;
mod session;
pub mod store;
mod tasks;

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use parlor_edge::{Guard, Keys, Readiness, Site};
use tokio_util::sync::CancellationToken;

use crate::{
    announce::Announcer,
    limits::LoginLimits,
    password::Passwords,
    store::{port::Store, sqlite::SqliteStore},
};
pub use crate::{
    config::{Config, Ports},
    people::{Account, People},
};

/// The auth service, open; [`Auth::run`] gives it its tasks.
#[derive(Debug)]
pub struct Auth {
    service: Arc<Service>,
    guard: Guard,
    readiness: Readiness,
}

/// What the calls and tasks share.
#[derive(Debug)]
pub(crate) struct Service {
    store: Arc<dyn Store>,
    site: Site,
    keys: Keys,
    passwords: Passwords,
    limits: LoginLimits,
    announcer: Announcer,
    /// Ends those who wait for events.
    stopping: CancellationToken,
}

/// Opens the store, migrated, and seeds the demo people in demo mode; nothing runs yet.
///
/// # Errors
/// A weak secret, a public URL that is none, or a store that cannot be opened.
pub async fn open(config: Config, ports: Ports) -> anyhow::Result<Auth> {
    let keys = Keys::derive(&config.secret)?;
    let site = Site::new(config.public_url.as_deref(), config.demo.is_some())?;
    let store = SqliteStore::open(&config.store);
    let store = store.await.with_context(|| format!("cannot open the accounts in {}", config.store.display()))?;
    let passwords = Passwords::new().await?;
    match config.demo {
        Some(more) => demo::seed(&store, &passwords, more).await?,
        None => demo::leave(&store).await?,
    }
    let announcer = Announcer::new(store.last_event().await?, ports.broker, ports.topology.auth_events());
    let service = Service {
        store: Arc::new(store),
        site: site.clone(),
        keys: keys.clone(),
        passwords,
        limits: LoginLimits::new(config.login_rate),
        announcer,
        stopping: CancellationToken::new(),
    };
    let guard = Guard::new(site, keys, config.trusted_proxies);
    Ok(Auth { service: Arc::new(service), guard, readiness: ports.readiness })
}

impl Auth {
    /// Its HTTP face, complete: it may stand alone, or within another service's.
    pub fn router(&self) -> Router {
        self.guard.around(http::router(Arc::clone(&self.service)))
    }

    /// Owns every task; returns when all have ended.
    pub async fn run(self, shutdown: CancellationToken) {
        tasks::run(&self.service, &self.readiness, shutdown).await;
    }

    /// How many passwords have been checked since the start.
    #[must_use]
    pub fn password_checks(&self) -> u64 {
        self.service.passwords.checks()
    }
}

impl Service {
    /// Tells that the log may have grown. What cannot be read now, the next look will find.
    async fn announce(&self) {
        match self.store.last_event().await {
            Ok(last) => self.announcer.tell(last),
            Err(error) => tracing::warn!(%error, "the log's last number cannot be read"),
        }
    }
}
