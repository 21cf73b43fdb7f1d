//! The catalogue: bots announce themselves, the chat claims their commands, and help and completion show them. A bot
//! that falls silent is gone when its lease ends.

use std::{collections::HashMap, time::Duration};

use parlor_broker::{BrokerError, Delivery, Message, Verdict};
use parlor_protocol::{
    broker::{AcceptedCommand, CommandSpec, Manifest, ManifestReply, RefusedCommand},
    http::Command,
    limits,
    line::{self, Argument},
    names::Name,
    time::Timestamp,
};
use tokio_util::sync::CancellationToken;

use super::{listen, own};
use crate::{
    node::Node,
    store::{Claim, Claimed},
};

/// How long a claim holds after the manifest that renewed it.
const LEASE: Duration = Duration::from_secs(15);
/// How often the store is asked for claims that came by other nodes.
const REFRESH: Duration = Duration::from_secs(1);

/// Everything that can be asked here, by name.
#[must_use]
pub fn commands(node: &Node) -> Vec<Command> {
    let default = u64::try_from(node.config.command_timeout.as_millis()).unwrap_or(limits::DEADLINE_MAX_MS);
    let own = own::specs().map(|spec| shown(own::BOT, &spec, default));
    let bots = node.commands.claims().into_iter().map(|claim| shown(&claim.bot, &claim.spec, default));
    let mut commands: Vec<_> = own.chain(bots).collect();
    commands.sort_by(|one, other| one.name.cmp(&other.name));
    commands
}

fn shown(bot: &str, spec: &CommandSpec, default_deadline_ms: u64) -> Command {
    Command {
        name: spec.name.clone(),
        bot: bot.to_owned(),
        summary: spec.summary.clone(),
        usage: line::usage(&spec.name, &spec.arguments),
        arguments: line::json_schema(&spec.arguments),
        deadline_ms: spec.deadline_ms.unwrap_or(default_deadline_ms),
    }
}

/// Takes manifests until `stop`.
pub async fn run(node: &Node, stop: &CancellationToken) {
    refresh(node).await;
    let take = listen::consume(node, stop, node.commands.topology.bots(), 16, |delivery| take_manifest(node, delivery));
    let keep_fresh = async {
        let mut ticks = tokio::time::interval(REFRESH);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            refresh(node).await;
        }
    };
    tokio::join!(take, keep_fresh);
}

async fn refresh(node: &Node) {
    match node.store.claims(Timestamp::now()).await {
        Ok(claims) => node.commands.set_claims(claims),
        Err(error) => tracing::warn!(%error, "the catalogue could not be read"),
    }
}

pub(super) async fn take_manifest(node: &Node, delivery: Delivery) {
    let Some(manifest) = listen::read::<Manifest>(&delivery) else {
        tracing::warn!("a manifest could not be read");
        return delivery.settle(Verdict::Reject);
    };
    let reply = claim_all(node, manifest).await;
    refresh(node).await;
    if let Some(to) = delivery.message().reply_to.clone()
        && let Ok(body) = serde_json::to_vec(&reply)
        && let Err(error) = node.commands.broker.publish(&to, Message::new(body)).await
    {
        // The bot asks again in a few seconds.
        tracing::debug!(%error, "a manifest's reply did not arrive");
    }
    delivery.ack();
}

async fn claim_all(node: &Node, manifest: Manifest) -> ManifestReply {
    let mut reply = ManifestReply { accepted: Vec::new(), refused: Vec::new() };
    let wrong = wrong_with(&manifest);
    let (bot, bot_name) = (manifest.bot, manifest.name);
    for spec in manifest.commands.into_iter().take(limits::MANIFEST_COMMANDS) {
        let command: String = spec.name.chars().take(64).collect();
        let verdict = match wrong.clone().or_else(|| wrong_with_command(&spec)) {
            Some(reason) => Standing::Refused(reason),
            None => claim(node, &bot, &bot_name, spec).await,
        };
        match verdict {
            Standing::Accepted { queue } => reply.accepted.push(AcceptedCommand { command, queue }),
            Standing::Refused(reason) => {
                tracing::info!(command, reason, "a command was refused");
                reply.refused.push(RefusedCommand { command, reason });
            }
            Standing::Unknown => {}
        }
    }
    reply
}

/// How a bot stands with one of its commands.
enum Standing {
    /// It consumes this queue.
    Accepted { queue: String },
    /// The command is not its own, for this reason.
    Refused(String),
    /// The chat is in trouble itself; the bot goes on as before, and asks again in a few seconds.
    Unknown,
}

/// The queue before the claim: what nobody can consume is in no catalogue.
async fn claim(node: &Node, bot: &str, bot_name: &str, spec: CommandSpec) -> Standing {
    let queue = node.commands.topology.command(&spec.name);
    match node.commands.broker.declare(&queue).await {
        Ok(()) => {}
        Err(BrokerError::Unavailable) => return Standing::Unknown,
        Err(error) => return Standing::Refused(error.to_string()),
    }
    let now = Timestamp::now();
    let claim = Claim { bot: bot.to_owned(), bot_name: bot_name.to_owned(), spec, lease_until: now.plus(LEASE) };
    match node.store.claim(&claim, now).await {
        Ok(Claimed::Yes) => Standing::Accepted { queue: queue.name },
        Ok(Claimed::HeldBy(other)) => Standing::Refused(format!("the bot {other} holds this command")),
        Err(error) => {
            tracing::error!(%error, "a command could not be claimed");
            Standing::Unknown
        }
    }
}

/// What is wrong with a bot, so that none of its commands can be taken.
fn wrong_with(manifest: &Manifest) -> Option<String> {
    let Manifest { bot, name, replica, commands } = manifest;
    if !line::is_command_name(bot) || bot.contains('_') {
        return Some("a bot's name is a-z, then a-z, digits or -, at most 32 characters".to_owned());
    }
    if bot == own::BOT {
        return Some(format!("no bot can be named {}", own::BOT));
    }
    if Name::parse(name).is_err() {
        return Some("the bot's shown name is not valid".to_owned());
    }
    if replica.chars().count() > 64 || commands.len() > limits::MANIFEST_COMMANDS {
        return Some("the manifest is too large".to_owned());
    }
    let mut seen = HashMap::new();
    for command in commands {
        if seen.insert(&command.name, ()).is_some() {
            return Some("the manifest names a command twice".to_owned());
        }
    }
    None
}

fn wrong_with_command(spec: &CommandSpec) -> Option<String> {
    if !line::is_command_name(&spec.name) {
        return Some("a command's name is a-z, then a-z, digits, - or _, at most 32 characters".to_owned());
    }
    if own::find(&spec.name).is_some() {
        return Some("the chat has this command itself".to_owned());
    }
    if spec.summary.chars().count() > limits::SUMMARY_CHARS || spec.summary.chars().any(char::is_control) {
        return Some("the summary is one line of at most 200 characters".to_owned());
    }
    if spec.deadline_ms.is_some_and(|ms| ms == 0 || ms > limits::DEADLINE_MAX_MS) {
        return Some("a deadline is 1 millisecond to 15 minutes".to_owned());
    }
    Argument::check_all(&spec.arguments).err().map(|error| error.to_string())
}
