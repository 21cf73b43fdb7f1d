//! The chat's side over a broker in memory, for a bot's own tests: accepts manifests, sends invocations, awaits answers.
//! It keeps no rooms, and must not be taken for the chat: it accepts whatever a bot announces.
//!
//! ```
//! use parlor_bot::{Bot, Command, Outcome, Reply, testing::Chat};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let hello = Command::new("hello", "Greets").handle(|_, _| async { Ok(Reply::to_asker("Hello.")) });
//! let mut chat = Chat::open().await;
//! chat.admit(Bot::new("greeter", "Greeter").command(hello), "one").await;
//! assert_eq!(chat.ask("/hello").await, Ok(Outcome::Answer { text: "Hello.".into() }));
//! chat.close().await;
//! # }
//! ```

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use parlor_broker::{Broker, BrokerError, Consumer, Hints, MemoryBroker, Message, Topology};
use parlor_protocol::{
    auth::Person,
    broker::{
        AcceptedCommand, Answer, CommandSpec, Invocation, Manifest, ManifestReply, Outcome, Progress, RefusedCommand,
    },
    demo,
    error::{ErrorCode, Refusal},
    ids::{MessageId, RoomId},
    line,
    time::Timestamp,
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{Bot, Ports, run};

/// A test that waits longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// The chat as a bot sees it.
#[derive(Debug)]
pub struct Chat {
    desk: Arc<Desk>,
    answers: Consumer,
    admission: JoinHandle<()>,
    bots: Vec<(CancellationToken, JoinHandle<()>)>,
}

/// Where manifests are read.
#[derive(Debug)]
struct Desk {
    broker: Arc<dyn Broker>,
    topology: Topology,
    catalogue: Mutex<BTreeMap<String, CommandSpec>>,
    refusing: Mutex<Option<String>>,
    /// How many manifests each replica has had a reply to.
    replied: watch::Sender<BTreeMap<String, u32>>,
}

impl Chat {
    pub async fn open() -> Self {
        Self::over(Arc::new(MemoryBroker::new())).await
    }

    /// Over a broker that the test shares.
    pub async fn over(broker: Arc<dyn Broker>) -> Self {
        let topology = Topology::new("test");
        for queue in [topology.bots(), topology.answers(), topology.dead()] {
            declared(broker.declare(&queue).await);
        }
        let manifests = declared(broker.consume(&topology.bots().name, 10).await);
        let answers = declared(broker.consume(&topology.answers().name, 100).await);
        let desk = Arc::new(Desk {
            broker,
            topology,
            catalogue: Mutex::default(),
            refusing: Mutex::default(),
            replied: watch::Sender::default(),
        });
        let admission = tokio::spawn(desk.clone().admit_all(manifests));
        Self { desk, answers, admission, bots: Vec::new() }
    }

    /// Starts a replica and waits until it has been heard and answered.
    pub async fn admit(&mut self, bot: Bot, replica: &str) -> CancellationToken {
        let stop = CancellationToken::new();
        let ports = Ports {
            broker: self.desk.broker.clone(),
            topology: self.desk.topology.clone(),
            replica: replica.to_owned(),
        };
        self.bots.push((stop.clone(), tokio::spawn(run(bot, ports, stop.clone()))));
        self.replied(replica, 1).await;
        stop
    }

    /// Waits until this replica has had so many replies.
    pub async fn replied(&self, replica: &str, times: u32) {
        let mut replied = self.desk.replied.subscribe();
        let enough = replied.wait_for(|replied| replied.get(replica).is_some_and(|n| *n >= times));
        assert!(in_time("a manifest", enough).await.is_ok());
    }
    /// How many replies this replica has had.
    #[must_use]
    pub fn replies_to(&self, replica: &str) -> u32 {
        self.desk.replied.borrow().get(replica).copied().unwrap_or(0)
    }
    /// From now on every command is refused for this reason, or accepted again.
    pub fn refuse(&self, reason: Option<&str>) {
        *lock(&self.desk.refusing) = reason.map(str::to_owned);
    }
    #[must_use]
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.desk.broker
    }
    #[must_use]
    pub fn topology(&self) -> &Topology {
        &self.desk.topology
    }

    /// Sends a command line the way the chat does, and awaits its outcome.
    ///
    /// # Errors
    /// What the chat would refuse before the bot hears of it.
    pub async fn ask(&mut self, line: &str) -> Result<Outcome, Refusal> {
        let invocation = self.invocation(line, PATIENCE)?;
        let id = invocation.id;
        self.send(&invocation).await;
        let answer = self.answer().await;
        assert_eq!(answer.id, id, "an answer to another invocation");
        Ok(answer.outcome)
    }

    /// The invocation that a line makes, with a deadline after this time.
    ///
    /// # Errors
    /// What the chat would refuse.
    pub fn invocation(&self, text: &str, deadline: Duration) -> Result<Invocation, Refusal> {
        let read = line::parse(text)?;
        let catalogue = lock(&self.desk.catalogue);
        let spec = catalogue
            .get(&read.name)
            .ok_or_else(|| Refusal::new(ErrorCode::UnknownCommand, format!("There is no command /{}.", read.name)))?;
        Ok(Invocation {
            id: MessageId::new(),
            command: read.name.clone(),
            arguments: read.arguments(&spec.arguments)?,
            line: text.to_owned(),
            room: RoomId::new(),
            asker: asker(),
            deadline: Timestamp::now().plus(deadline),
        })
    }

    /// # Panics
    /// If the broker does not take it.
    pub async fn send(&self, invocation: &Invocation) {
        let body = serde_json::to_vec(invocation).expect("an invocation is JSON");
        let message = Message::new(body).correlation_id(invocation.id.to_string());
        declared(self.desk.broker.publish(&self.desk.topology.command(&invocation.command).name, message).await);
    }

    /// The next answer, whoever gives it.
    pub async fn answer(&mut self) -> Answer {
        let delivery = in_time("an answer", self.answers.next()).await.expect("the broker has gone");
        let answer = serde_json::from_slice(delivery.body()).expect("an answer by the protocol");
        delivery.ack();
        answer
    }

    /// Listens to what handlers say on the way.
    pub async fn progress(&self) -> Hints {
        declared(self.desk.broker.listen(&[&self.desk.topology.progress()]).await)
    }

    /// Stops every replica and waits for its end.
    pub async fn close(mut self) {
        for (stop, _) in &self.bots {
            stop.cancel();
        }
        for (_, task) in self.bots.drain(..) {
            in_time("the bot's end", task).await.expect("the bot panicked");
        }
    }
}
impl Drop for Chat {
    fn drop(&mut self) {
        self.admission.abort();
        for (stop, _) in &self.bots {
            stop.cancel();
        }
    }
}

/// The next word from a handler.
pub async fn heard(progress: &mut Hints) -> Progress {
    let hint = in_time("progress", progress.next()).await.expect("the broker has gone");
    serde_json::from_slice(&hint).expect("progress by the protocol")
}

impl Desk {
    async fn admit_all(self: Arc<Self>, mut manifests: Consumer) {
        while let Some(delivery) = manifests.next().await {
            let manifest: Manifest = serde_json::from_slice(delivery.body()).expect("a manifest by the protocol");
            let reply_to = delivery.message().reply_to.clone().expect("a manifest says where the reply goes");
            let reply = self.reply(&manifest).await;
            let body = serde_json::to_vec(&reply).expect("a reply is JSON");
            // The replica may have stopped meanwhile.
            if self.broker.publish(&reply_to, Message::new(body)).await.is_ok() {
                self.replied.send_modify(|replied| *replied.entry(manifest.replica).or_default() += 1);
            }
            delivery.ack();
        }
    }

    async fn reply(&self, manifest: &Manifest) -> ManifestReply {
        let mut reply = ManifestReply { accepted: Vec::new(), refused: Vec::new() };
        let refusing = lock(&self.refusing).clone();
        for spec in &manifest.commands {
            let command = spec.name.clone();
            if let Some(reason) = refusing.clone() {
                reply.refused.push(RefusedCommand { command, reason });
                continue;
            }
            let queue = self.topology.command(&command);
            declared(self.broker.declare(&queue).await);
            lock(&self.catalogue).insert(command.clone(), spec.clone());
            reply.accepted.push(AcceptedCommand { command, queue: queue.name });
        }
        reply
    }
}

fn asker() -> Person {
    demo::people(0).next().expect("demo mode has people")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn declared<T>(result: Result<T, BrokerError>) -> T {
    result.unwrap_or_else(|error| panic!("the broker: {error}"))
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("too late: {what}"))
}
