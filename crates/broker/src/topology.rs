//! The queues of an installation, by name. Queue names end in a version, so that their arguments can change.

use crate::port::{Queue, QueueKind};

/// Names every queue and topic of one installation; they begin with its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    prefix: String,
}

impl Topology {
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }
    fn name(&self, rest: &str) -> String {
        format!("{}.{rest}", self.prefix)
    }
    fn work(&self, rest: &str, dead_letters: Option<String>) -> Queue {
        let kind = QueueKind::Work { max_length: 10_000, delivery_limit: 5, dead_letters };
        Queue { name: self.name(rest), kind }
    }
    /// What the chat itself takes comes back as often as the chat stops with it in hand, and is not lost by that: what
    /// cannot be read is rejected instead.
    fn kept(&self, rest: &str) -> Queue {
        let kind = QueueKind::Work { max_length: 10_000, delivery_limit: u32::MAX, dead_letters: None };
        Queue { name: self.name(rest), kind }
    }

    /// Where bots send their manifests.
    #[must_use]
    pub fn bots(&self) -> Queue {
        self.work("bots", None)
    }
    /// Where bots send their answers.
    #[must_use]
    pub fn answers(&self) -> Queue {
        self.kept("answers")
    }
    /// A command's invocations.
    #[must_use]
    pub fn command(&self, command: &str) -> Queue {
        self.work(&format!("command.{command}.v1"), Some(self.dead().name))
    }
    /// Invocations that no bot could take.
    #[must_use]
    pub fn dead(&self) -> Queue {
        self.kept("dead")
    }
    /// Where the chat's replies to one replica's manifests arrive.
    #[must_use]
    pub fn replies(&self, replica: &str) -> Queue {
        Queue { name: self.name(&format!("replies.{replica}")), kind: QueueKind::Exclusive { max_length: 100 } }
    }
    /// The exchange that hints cross between processes, with their topics as routing keys.
    #[must_use]
    pub fn hints(&self) -> String {
        self.name("hints")
    }
    /// Topic of progress on the way to askers.
    #[must_use]
    pub fn progress(&self) -> String {
        self.name("progress")
    }
    /// Topic of hints that auth's log has grown.
    #[must_use]
    pub fn auth_events(&self) -> String {
        self.name("auth")
    }
}
