//! What crosses the broker: a bot's manifest and the reply to it, invocations, answers, hints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    auth::Person,
    error::ErrorCode,
    ids::{MessageId, RoomId},
    line::Argument,
    socket::{Details, Fraction},
    time::Timestamp,
};

/// A bot's announcement, to `<prefix>.bots` every 5 s with `reply_to`; it holds for 15 s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `a-z`, digits and `-`, at most 32 characters; its messages' author is `bot:<bot>`.
    pub bot: String,
    /// The name its messages are shown under, e.g. `Stock`.
    pub name: String,
    /// Which of several replicas speaks; any text up to 64 characters.
    pub replica: String,
    /// 1 to 100.
    pub commands: Vec<CommandSpec>,
}

/// One command of a bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandSpec {
    /// `a-z`, then `a-z`, digits, `-` or `_`; at most 32 characters.
    pub name: String,
    pub summary: String,
    /// In the order of the line.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// How long the asker waits; the installation's default if absent, at most 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

/// The chat's reply to a manifest, to its `reply_to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestReply {
    pub accepted: Vec<AcceptedCommand>,
    pub refused: Vec<RefusedCommand>,
}

/// The bot may consume this queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptedCommand {
    pub command: String,
    pub queue: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedCommand {
    pub command: String,
    pub reason: String,
}

/// A command to carry out, on the command's queue. May come twice; the answer counts once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Invocation {
    pub id: MessageId,
    pub command: String,
    /// Valid by the manifest's argument types.
    pub arguments: serde_json::Map<String, serde_json::Value>,
    /// The command line as it was written.
    pub line: String,
    pub room: RoomId,
    pub asker: Person,
    /// After this moment nobody waits any more: drop it.
    pub deadline: Timestamp,
}

/// What a bot sends to `<prefix>.answers`, before it acknowledges the invocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The invocation's.
    pub id: MessageId,
    /// The bot's, as in its manifest.
    pub bot: String,
    pub replica: String,
    pub outcome: Outcome,
}

/// The one outcome of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// For the room, under the bot's name; kept in the log.
    Message {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        details: Option<Details>,
    },
    /// For the asker alone.
    Answer { text: String },
    /// For the asker alone: `command_failed` or `invalid_arguments`.
    Error { code: ErrorCode, message: String },
}

/// What a bot may send to the invocation's asker on the way; may be lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    pub id: MessageId,
    pub fraction: Fraction,
    pub text: String,
}
