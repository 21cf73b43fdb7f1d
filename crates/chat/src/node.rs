//! A chat node: what its parts share, and the life of all its tasks.

use std::{collections::HashSet, num::NonZeroU32, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use parlor_broker::{Broker, Status, Topology};
use parlor_edge::{Keys, Readiness, Site};
use parlor_protocol::{demo, http::RoomKind, ids::RoomId, names::Name, socket::CloseCode};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    auth::Auth,
    command::{Commands, invoke::Outgoing},
    http,
    hub::Hub,
    log::{Log, append::Writer},
    people::People,
    reading::{Keeper, Reading},
    request::rate::Rates,
    socket::sweep,
    store::{Opened, Room, Store, sqlite::SqliteStore},
};

/// The room that everybody is in from the start.
pub const GENERAL: RoomId = RoomId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_6765_6e00));

/// Settings of the chat.
#[derive(Debug, Clone)]
pub struct Config {
    /// The SQLite file.
    pub database: PathBuf,
    pub keys: Keys,
    pub site: Site,
    /// In demo mode, how many people more than the three.
    pub demo: Option<u32>,
    /// Messages a second and person; `None` is without limit.
    pub message_rate: Option<NonZeroU32>,
    /// Sockets of one person; `None` is without limit.
    pub sockets_per_person: Option<usize>,
    /// The deadline of commands whose manifest sets none.
    pub command_timeout: Duration,
    /// How often silent sockets are pinged.
    pub ping_interval: Duration,
    /// Commands of bots that start together with the chat: it counts as ready when they can be asked.
    pub built_in_commands: Vec<String>,
}

/// What the chat stands on.
#[derive(Debug, Clone)]
pub struct Ports {
    pub broker: Arc<dyn Broker>,
    pub topology: Topology,
    pub auth: Arc<dyn Auth>,
    pub readiness: Readiness,
}

/// What the parts of a node share.
#[derive(Debug)]
pub struct Node {
    pub config: Config,
    pub store: Arc<dyn Store>,
    pub hub: Arc<Hub>,
    pub log: Log,
    pub reading: Reading,
    pub people: People,
    pub commands: Commands,
    pub readiness: Readiness,
    pub rates: Rates,
    pub connections: Connections,
}

/// The tasks of the sockets, and how they are ended.
#[derive(Debug, Default)]
pub struct Connections {
    pub tasks: TaskTracker,
    /// Held by each connection while it reads.
    pub reading: TaskTracker,
    /// Read no more.
    pub stop_reading: CancellationToken,
    /// Everything that was read is answered: say goodbye.
    pub say_goodbye: CancellationToken,
}

/// The chat, opened and not yet running.
#[derive(Debug)]
pub struct Chat {
    node: Arc<Node>,
    writer: Writer,
    keeper: Keeper,
    outgoing: Outgoing,
}

/// Opens the store, brings it up to date, and puts the first room into it.
///
/// # Errors
/// If the store cannot be opened or read.
pub async fn open(config: Config, ports: Ports) -> anyhow::Result<Chat> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.database).await?);
    seed(&*store, config.demo).await.context("cannot put the first room into the store")?;
    let hub = Arc::new(Hub::new(Arc::clone(&store)));
    let (log, writer) = Log::new(Arc::clone(&store), Arc::clone(&hub));
    let (reading, keeper) = Reading::new(Arc::clone(&store));
    let people = People::load(&*store, ports.auth).await?;
    let (commands, outgoing) = Commands::new(ports.broker, ports.topology);
    commands.declare_queues().await;
    let rates = Rates::new(config.message_rate);
    let node = Node {
        config,
        store,
        hub,
        log,
        reading,
        people,
        commands,
        readiness: ports.readiness,
        rates,
        connections: Connections::default(),
    };
    Ok(Chat { node: Arc::new(node), writer, keeper, outgoing })
}

/// Makes `general`, with the demo people as its founding members. Everyone else joins as auth tells of them.
async fn seed(store: &dyn Store, demo_people: Option<u32>) -> anyhow::Result<()> {
    let founders: Vec<_> = demo_people.into_iter().flat_map(demo::people).collect();
    let ids: Vec<_> = founders.iter().map(|person| person.id).collect();
    // Of those who are known, auth has told more since.
    let known: HashSet<_> = store.people().await?.into_iter().map(|(person, _)| person.id).collect();
    let new = founders.into_iter().filter(|person| !known.contains(&person.id)).map(|person| (person, true));
    store.save_people(&new.collect::<Vec<_>>()).await?;
    let name = Name::parse("general").context("the first room's name")?;
    match store.create_room(&Room::new(GENERAL, &name, RoomKind::Public), &ids).await? {
        Opened::Created(_) | Opened::Existing(_) => Ok(()),
        Opened::NameTaken => anyhow::bail!("another room is named general"),
    }
}

impl Chat {
    /// `/api` and `/ws`. Whoever serves it puts a guard, the probes and the page around it.
    pub fn router(&self) -> axum::Router {
        http::router(Arc::clone(&self.node))
    }

    /// Runs until `shutdown`, then answers what is in flight, says goodbye to every socket, and closes the store.
    pub async fn run(self, shutdown: CancellationToken) {
        let Self { node, writer, keeper, outgoing } = self;
        let tasks = TaskTracker::new();
        let command_tasks = TaskTracker::new();
        let stop_commands = CancellationToken::new();
        let stop_writer = CancellationToken::new();
        tasks.spawn(writer.run(stop_writer.clone()));
        tasks.spawn(keeper.run(stop_writer.clone()));
        command_tasks.spawn({
            let (node, stop) = (Arc::clone(&node), stop_commands.clone());
            async move { outgoing.run(&node, &stop).await }
        });
        let spawn = |tasks: &TaskTracker, stop: &CancellationToken, task: Task| {
            let (node, stop) = (Arc::clone(&node), stop.clone());
            tasks.spawn(async move {
                match task {
                    Task::Follow => node.people.follow(&node, &stop).await,
                    Task::BrokerStatus => crate::command::listen::status(&node, &stop).await,
                    Task::Hints => crate::command::listen::auth_hints(&node, &stop).await,
                    Task::Sweep => sweep::run(&node, &stop).await,
                    Task::Manifests => crate::command::catalogue::run(&node, &stop).await,
                    Task::Answers => crate::command::answer::run(&node, &stop).await,
                    Task::Dead => crate::command::answer::run_dead(&node, &stop).await,
                    Task::Progress => crate::command::listen::progress(&node, &stop).await,
                    Task::Deadlines => crate::command::deadline::run(&node, &stop).await,
                    Task::Housekeeping => housekeeping(&node, &stop).await,
                }
            });
        };
        for task in [Task::Follow, Task::BrokerStatus, Task::Hints, Task::Sweep, Task::Housekeeping] {
            spawn(&tasks, &shutdown, task);
        }
        for task in [Task::Manifests, Task::Answers, Task::Dead, Task::Progress, Task::Deadlines] {
            spawn(&command_tasks, &stop_commands, task);
        }
        let getting_ready = async {
            node.people.catch_up(&node).await;
            let built_in = node.commands.available(&node.config.built_in_commands);
            let mut broker = node.commands.broker.status();
            tokio::select! {
                () = built_in => {}
                // Without a broker they cannot come, and messages need none.
                _ = broker.wait_for(|&status| status == Status::Down) => {}
                () = tokio::time::sleep(BUILT_IN_BOTS) => tracing::warn!("a built-in bot does not announce itself"),
            }
            node.readiness.ready();
            std::future::pending::<()>().await;
        };
        shutdown.run_until_cancelled(getting_ready).await;
        node.readiness.draining();
        node.goodbye().await;
        // What an answer begins goes through the writer, so that one ends last.
        stop_commands.cancel();
        command_tasks.close();
        command_tasks.wait().await;
        stop_writer.cancel();
        tasks.close();
        tasks.wait().await;
        node.store.close().await;
    }
}

/// The tasks of a node beside its writer and its sockets.
#[derive(Debug, Clone, Copy)]
enum Task {
    Follow,
    BrokerStatus,
    Hints,
    Sweep,
    Manifests,
    Answers,
    Dead,
    Progress,
    Deadlines,
    Housekeeping,
}

impl Node {
    /// Everything read is answered before any socket hears 1001.
    async fn goodbye(&self) {
        let Connections { tasks, reading, stop_reading, say_goodbye } = &self.connections;
        stop_reading.cancel();
        for socket in self.hub.sockets() {
            socket.outbox().nudge();
        }
        reading.close();
        reading.wait().await;
        self.log.settle().await;
        self.hub.settle().await;
        for socket in self.hub.sockets() {
            socket.outbox().close(CloseCode::GoingAway);
        }
        say_goodbye.cancel();
        tasks.close();
        tasks.wait().await;
    }
}

/// How long to wait for the bots that start together with the chat.
const BUILT_IN_BOTS: Duration = Duration::from_secs(5);
/// How often the store is asked whether it is there, and cleaned.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// How long an outcome can be asked for again.
const OUTCOMES_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

async fn housekeeping(node: &Node, stop: &CancellationToken) {
    let mut ticks = tokio::time::interval(HOUSEKEEPING);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        match node.store.ping().await {
            Ok(()) => node.readiness.restore("store"),
            Err(error) => {
                tracing::error!(%error, "the store does not answer");
                node.readiness.lose("store");
            }
        }
        node.rates.sweep();
        let now = parlor_protocol::time::Timestamp::now().millis();
        let kept = i64::try_from(OUTCOMES_KEPT.as_millis()).unwrap_or(i64::MAX);
        let before = parlor_protocol::time::Timestamp::from_millis(now - kept);
        if let Err(error) = node.store.forget_invocations(before, 1_000).await {
            tracing::warn!(%error, "old invocations could not be forgotten");
        }
    }
}
