//! All services in this one process: opened in order, run together, stopped in order. What they do is theirs.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    num::NonZeroU32,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::Router;
use parlor_broker::{Broker, MemoryBroker, Topology};
use parlor_chat::auth::InProcess;
use parlor_edge::{Guard, Keys, Readiness, Site, probes, serve::Times};
use parlor_protocol::demo;
use tokio::{join, net::TcpListener};
use tokio_util::sync::CancellationToken;

use crate::{
    page, secret,
    settings::{BrokerUrl, DatabaseUrl, Secret, Settings, Unusable},
    telemetry::Metrics,
};

const SQLITE_ONLY: &str = "This build keeps its data in SQLite only, so leave --database-url out.";

/// Where the one process listens unless told otherwise.
const LISTEN: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);

/// The accounts' database in the data folder.
pub const ACCOUNTS: &str = "auth.db";
/// The chat's database in the data folder.
const ROOMS: &str = "chat.db";

/// Runs until `stop`, then stops in order.
///
/// # Errors
/// If something cannot be opened; nothing has run then.
pub async fn serve(settings: Settings, stop: CancellationToken) -> Result<()> {
    refuse_what_is_for_services_alone(&settings)?;
    let listener = listen(settings.listen.unwrap_or(LISTEN.into())).await?;
    let address = listener.local_addr()?;
    let metrics = Metrics::record()?;
    let parts = Parts::open(&settings, &metrics).await?;
    announce(address, settings.demo_people()).context("standard output cannot be written to")?;
    parts.run(listener, metrics, settings.shutdown_timeout.0, stop).await;
    Ok(())
}

fn refuse_what_is_for_services_alone(settings: &Settings) -> Result<()> {
    if let Some(BrokerUrl::Amqp(_)) = settings.broker_url {
        return Err(Unusable::new(
            "This build has the broker inside the process only, so --broker-url must be memory: or left out.",
        )
        .into());
    }
    match &settings.database_url {
        None => Ok(()),
        Some(DatabaseUrl::Sqlite(_)) => Err(Unusable::new(
            "--database-url sqlite:FILE is one service's; all services together keep a file each in --data.",
        )
        .into()),
        Some(DatabaseUrl::Postgres(_)) => Err(Unusable::new(SQLITE_ONLY).into()),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            anyhow::bail!("{address} is taken: stop the program that listens there, or choose another --listen.")
        }
        bound => bound.with_context(|| format!("it cannot listen on {address}")),
    }
}

/// Tells where people find it, on standard output and nothing else there.
fn announce(address: SocketAddr, demo_people: Option<u32>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    if let Some(more) = demo_people {
        let [carlos, john, gerard] = demo::NAMES;
        let more = match more {
            0 => String::new(),
            more => format!(", or demo0001 to demo{more:04},"),
        };
        let (port, password) = (address.port(), demo::PASSWORD);
        writeln!(out, "demo mode, for this machine only: open http://localhost:{port}")?;
        writeln!(out, "log in as {carlos}, {john} or {gerard}{more} with the password {password}")?;
    }
    out.flush()
}

/// Everything that runs, open.
struct Parts {
    auth: parlor_auth::Auth,
    chat: parlor_chat::Chat,
    bot: parlor_bot::Bot,
    bot_ports: parlor_bot::Ports,
    front: Router,
    readiness: Readiness,
}

impl Parts {
    async fn open(settings: &Settings, metrics: &Metrics) -> Result<Self> {
        let secret = match &settings.secret {
            Some(secret) => secret.clone(),
            None => secret::in_folder(&settings.data)?,
        };
        secret::make_folder(&settings.data)?;
        let keys = Keys::derive(secret.reveal())?;
        let site = Site::new(public_url(settings).as_deref(), settings.demo_people().is_some())?;
        let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
        let topology = Topology::new(&settings.broker_prefix.0);
        let readiness = Readiness::starting();

        let bot = parlor_stock::bot(stock(settings))?;
        let auth_ports = parlor_auth::Ports {
            broker: Some(Arc::clone(&broker)),
            topology: topology.clone(),
            readiness: Readiness::starting(),
        };
        let auth = parlor_auth::open(accounts(settings, &secret), auth_ports).await?;
        let chat_ports = parlor_chat::Ports {
            broker: Arc::clone(&broker),
            topology: topology.clone(),
            auth: Arc::new(InProcess(auth.router())),
            readiness: readiness.clone(),
        };
        let chat = parlor_chat::open(rooms(settings, &keys, &site), chat_ports).await?;

        let token = settings.metrics_token.as_ref().map(Secret::reveal);
        let recorder = metrics.clone();
        let metrics = probes::Metrics::new(move || recorder.render(), token);
        let front = chat.router().merge(probes::router(readiness.clone(), metrics)).fallback_service(page::router());
        let front = Guard::new(site, keys, settings.trusted_proxies.clone()).around(front);
        let replica = secret::hex(&secret::random::<8>()?);
        let bot_ports = parlor_bot::Ports { broker, topology, replica };
        Ok(Self { auth, chat, bot, bot_ports, front, readiness })
    }

    /// The stop: no new requests, and bots finish what they have; then the chat, which takes their answers and says
    /// goodbye; then the accounts, which the chat asks.
    async fn run(self, listener: TcpListener, metrics: Metrics, limit: Duration, stop: CancellationToken) {
        let Self { auth, chat, bot, bot_ports, front, readiness } = self;
        let (stop_chat, stop_auth) = (CancellationToken::new(), CancellationToken::new());
        // A request that hangs must not keep the sockets from their goodbye for long.
        let times = Times { grace: limit / 5, ..Times::default() };
        let bot = bot.finish_within(limit / 2);
        let entrance = async {
            stop.cancelled().await;
            readiness.draining();
        };
        let work = async {
            let front = parlor_edge::serve::serve_within(times, listener, front, stop.clone());
            join!(entrance, front, parlor_bot::run(bot, bot_ports, stop.clone()));
            stop_chat.cancel();
        };
        let rooms = async {
            chat.run(stop_chat.clone()).await;
            stop_auth.cancel();
        };
        join!(work, rooms, auth.run(stop_auth.clone()), metrics.run(stop_auth.clone()));
        tracing::info!("stopped");
    }
}

fn public_url(settings: &Settings) -> Option<String> {
    settings.public_url.as_ref().map(ToString::to_string)
}

/// Where the accounts are kept.
///
/// # Errors
/// [`Unusable`] for a database on a server.
pub fn accounts_file(settings: &Settings) -> Result<PathBuf> {
    match &settings.database_url {
        None => Ok(settings.data.join(ACCOUNTS)),
        Some(DatabaseUrl::Sqlite(file)) => Ok(file.clone()),
        Some(DatabaseUrl::Postgres(_)) => Err(Unusable::new(SQLITE_ONLY).into()),
    }
}

fn accounts(settings: &Settings, secret: &Secret) -> parlor_auth::Config {
    parlor_auth::Config {
        store: settings.data.join(ACCOUNTS),
        secret: secret.reveal().to_owned(),
        public_url: public_url(settings),
        demo: settings.demo_people(),
        login_rate: settings.login_rate,
        trusted_proxies: settings.trusted_proxies.clone(),
    }
}

fn rooms(settings: &Settings, keys: &Keys, site: &Site) -> parlor_chat::Config {
    parlor_chat::Config {
        database: settings.data.join(ROOMS),
        keys: keys.clone(),
        site: site.clone(),
        demo: settings.demo_people(),
        message_rate: NonZeroU32::new(settings.message_rate),
        sockets_per_person: usize::try_from(settings.sockets_per_person).ok().filter(|&sockets| sockets > 0),
        command_timeout: settings.command_timeout.0,
        ping_interval: settings.ping_interval.0,
        built_in_commands: vec!["stock".to_owned()],
    }
}

fn stock(settings: &Settings) -> parlor_stock::Config {
    parlor_stock::Config {
        stock_url: settings.stock_url.as_ref().map(ToString::to_string),
        demo: settings.demo_people().is_some(),
        ..parlor_stock::Config::default()
    }
}

#[cfg(test)]
mod tests;
