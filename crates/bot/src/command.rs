//! A bot and its commands, as the author describes them. How they reach the chat is not known here.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use parlor_protocol::{
    broker::{CommandSpec, Manifest},
    line::Argument,
};

use crate::{
    invocation::{Context, Invocation},
    reply::{Failure, Reply},
};

type Running = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;
type Handler = Arc<dyn Fn(Invocation, Context) -> Running + Send + Sync>;

/// A bot: its name, and what it can do. The name is what its messages' author is known by (`bot:<name>`); the display
/// name is what people see.
#[derive(Debug, Clone)]
#[must_use]
pub struct Bot {
    pub(crate) name: String,
    display_name: String,
    pub(crate) commands: Vec<Command>,
    pub(crate) pace: Pace,
}

/// How a replica goes about it.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    pub announce_every: Duration,
    pub at_once: u16,
    pub finish_within: Duration,
}

/// One command of a bot.
#[derive(Clone)]
pub struct Command {
    pub(crate) spec: CommandSpec,
    handler: Handler,
}

/// A command that still lacks its handler.
#[derive(Debug, Clone)]
#[must_use]
pub struct Described {
    spec: CommandSpec,
}

impl Bot {
    pub fn new(name: &str, display_name: &str) -> Self {
        let pace = Pace { announce_every: Duration::from_secs(5), at_once: 16, finish_within: Duration::from_secs(8) };
        Self { name: name.to_owned(), display_name: display_name.to_owned(), commands: Vec::new(), pace }
    }
    pub fn command(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }
    /// How often it says that it is there, 5 s by default; the chat forgets it after 15 s of silence.
    pub fn announce_every(mut self, interval: Duration) -> Self {
        self.pace.announce_every = interval;
        self
    }
    /// How many commands one replica works on at once, 16 by default.
    pub fn at_once(mut self, commands: u16) -> Self {
        self.pace.at_once = commands.max(1);
        self
    }
    /// How long it may finish what it has in hand once it is told to stop, 8 s by default. What is left then goes
    /// back to its queue, for another replica.
    pub fn finish_within(mut self, time: Duration) -> Self {
        self.pace.finish_within = time;
        self
    }

    pub(crate) fn manifest(&self, replica: &str) -> Manifest {
        Manifest {
            bot: self.name.clone(),
            name: self.display_name.clone(),
            replica: replica.to_owned(),
            commands: self.commands.iter().map(|command| command.spec.clone()).collect(),
        }
    }
    pub(crate) fn find(&self, command: &str) -> Option<&Command> {
        self.commands.iter().find(|known| known.spec.name == command)
    }
}

impl Command {
    /// Begins a command; the summary stands in the chat's help.
    #[expect(clippy::new_ret_no_self, reason = "it is no command before it has a handler")]
    pub fn new(name: &str, summary: &str) -> Described {
        let spec = CommandSpec {
            name: name.to_owned(),
            summary: summary.to_owned(),
            arguments: Vec::new(),
            deadline_ms: None,
        };
        Described { spec }
    }

    pub(crate) fn carry_out(&self, invocation: Invocation, context: Context) -> Running {
        (self.handler)(invocation, context)
    }
}
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Described {
    /// In the order of the line.
    pub fn argument(mut self, argument: impl Into<Argument>) -> Self {
        self.spec.arguments.push(argument.into());
        self
    }
    /// How long an asker waits; without it, the installation's default.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.spec.deadline_ms = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }
    /// What carries it out. It is cancelled at the deadline where it awaits something, so it must not block a thread.
    #[must_use]
    pub fn handle<F, R>(self, handler: F) -> Command
    where
        F: Fn(Invocation, Context) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Failure>> + Send + 'static,
    {
        Command {
            spec: self.spec,
            handler: Arc::new(move |invocation, context| Box::pin(handler(invocation, context))),
        }
    }
}
