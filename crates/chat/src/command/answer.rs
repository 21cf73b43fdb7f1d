//! Bots' answers: checked, and made the one outcome of their invocation. A second one changes nothing.

use std::time::Duration;

use anyhow::anyhow;
use parlor_broker::{DeadReason, Delivery, Verdict};
use parlor_protocol::{
    broker::{Answer, Invocation as Undelivered, Outcome as Answered},
    error::ErrorCode,
    ids::AuthorId,
    limits,
    socket::{Asked, Author, Details},
    text::Text,
    time::Timestamp,
};
use tokio_util::sync::CancellationToken;

use super::{listen, outcome};
use crate::{
    log::entry::{Append, Appended, Change, EntryKind},
    node::Node,
    store::{NewInvocation, Outcome, StoreError},
};

/// Answers that are made outcomes at once, so that they share the log's groups.
const PREFETCH: u16 = 64;
/// How long to wait before a store that failed is asked again.
const RETRY: Duration = Duration::from_millis(200);
/// Characters of an error's text, and of a fact's label or value.
const NOTE_CHARS: usize = 500;

/// Takes answers until `stop`.
pub async fn run(node: &Node, stop: &CancellationToken) {
    let queue = node.commands.topology.answers();
    listen::consume(node, stop, queue, PREFETCH, |delivery| take_answer(node, stop, delivery)).await;
}

pub(super) async fn take_answer(node: &Node, stop: &CancellationToken, delivery: Delivery) {
    let Some(answer) = listen::read::<Answer>(&delivery) else {
        dropped("unreadable");
        return delivery.settle(Verdict::Reject);
    };
    loop {
        match end(node, &answer).await {
            Ok(()) => return delivery.ack(),
            Err(error) => tracing::error!(%error, "an answer could not be kept, trying again"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
            // Another node, or this one after its start, takes it then.
            return delivery.settle(Verdict::Requeue);
        }
    }
}

fn dropped(why: &'static str) {
    metrics::counter!("parlor_answers_dropped_total", "why" => why).increment(1);
    tracing::info!(why, "an answer was dropped");
}

async fn end(node: &Node, answer: &Answer) -> Result<(), StoreError> {
    let Some(known) = node.store.invocation(answer.id).await? else {
        dropped("unknown");
        return Ok(());
    };
    let mut asked = known.asked;
    if asked.bot != answer.bot {
        // A bot that has taken over the command since finds what waited for the one before it.
        let successor = node.commands.claim(&asked.command).filter(|claim| claim.bot == answer.bot);
        let Some(claim) = successor else {
            dropped("foreign");
            return Ok(());
        };
        (asked.bot, asked.bot_name) = (claim.bot, claim.bot_name);
    }
    if known.outcome.is_some() || asked.deadline <= Timestamp::now() {
        dropped("late");
        return Ok(());
    }
    let first = match outcome_of(&asked, &answer.outcome) {
        Meant::Message(text, details) => append(node, &asked, text, details).await?,
        Meant::Private(outcome) => outcome::finish(node, &asked, outcome).await?,
    };
    if !first {
        dropped("late");
    }
    Ok(())
}

/// What an answer means, once it is known to be presentable.
enum Meant {
    Message(Text, Option<Details>),
    Private(Outcome),
}

fn outcome_of(asked: &NewInvocation, answered: &Answered) -> Meant {
    let not_presentable = || {
        let message = format!("/{} was answered with something that cannot be shown.", asked.command);
        Meant::Private(Outcome::Error { code: ErrorCode::CommandFailed, message })
    };
    match answered {
        Answered::Message { text, details } => match Text::parse(text.clone()) {
            Ok(text) if details.as_ref().is_none_or(presentable) => Meant::Message(text, details.clone()),
            _ => not_presentable(),
        },
        Answered::Answer { text } => match Text::parse(text.clone()) {
            Ok(text) => Meant::Private(Outcome::Answer { author: author(asked), text: text.into() }),
            Err(_) => not_presentable(),
        },
        Answered::Error { code, message } => {
            let code = match code {
                ErrorCode::InvalidArguments => ErrorCode::InvalidArguments,
                _ => ErrorCode::CommandFailed,
            };
            let message: String = message.chars().filter(|c| !c.is_control()).take(NOTE_CHARS).collect();
            if message.trim().is_empty() {
                return not_presentable();
            }
            Meant::Private(Outcome::Error { code, message })
        }
    }
}

fn presentable(details: &Details) -> bool {
    let Details { source, as_of, facts } = details;
    let fits = |text: &str| text.chars().count() <= NOTE_CHARS && !text.chars().any(char::is_control);
    source.as_deref().is_none_or(fits)
        && as_of.as_deref().is_none_or(fits)
        && facts.len() <= limits::DETAIL_FACTS
        && facts.iter().all(|fact| fits(&fact.label) && fits(&fact.value))
}

fn author(asked: &NewInvocation) -> Author {
    Author { id: AuthorId::Bot(asked.bot.clone()), name: asked.bot_name.clone(), bot: true }
}

/// The bot's message and the outcome, in one transaction. Whether this was the first.
async fn append(node: &Node, asked: &NewInvocation, text: Text, details: Option<Details>) -> Result<bool, StoreError> {
    let by = node.people.get(asked.asker).ok_or_else(|| anyhow!("the asker {} is unknown", asked.asker))?;
    let question = Asked { by: Author::person(&by), line: asked.line.clone() };
    let change = Change::Answer { invocation: asked.id, author: author(asked), asked: question, text, details };
    match node.log.append(Append::new(asked.room, change)).await? {
        Appended::Stored(entry) => {
            if let EntryKind::Message(message) = &entry.kind {
                outcome::tell(node, asked, &Outcome::Message { seq: message.seq });
            }
            Ok(true)
        }
        Appended::Refused(_) => Ok(false),
        Appended::Repeat(_) | Appended::Unchanged => Err(anyhow!("an answer was kept as something else").into()),
    }
}

/// Takes invocations that no bot could carry out, until `stop`.
pub async fn run_dead(node: &Node, stop: &CancellationToken) {
    let queue = node.commands.topology.dead();
    listen::consume(node, stop, queue, PREFETCH, |delivery| take_dead(node, stop, delivery)).await;
}

async fn take_dead(node: &Node, stop: &CancellationToken, delivery: Delivery) {
    let reason = delivery.message().dead_because;
    metrics::counter!("parlor_dead_letters_total", "reason" => reason.map_or("unknown", DeadReason::as_str))
        .increment(1);
    if reason == Some(DeadReason::Expired) {
        // Its deadline ends it.
        return delivery.ack();
    }
    let Ok(asked) = serde_json::from_slice::<Undelivered>(delivery.body()) else {
        return delivery.settle(Verdict::Reject);
    };
    let message = format!("/{} could not be carried out: its bot gave up on it.", asked.command);
    let failed = Outcome::Error { code: ErrorCode::CommandFailed, message };
    loop {
        let ended = async {
            match node.store.invocation(asked.id).await? {
                Some(known) => outcome::finish(node, &known.asked, failed.clone()).await,
                None => Ok(false),
            }
        };
        match ended.await {
            Ok(_) => return delivery.ack(),
            Err(error) => tracing::error!(%error, "a dead letter could not be ended, trying again"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
            return delivery.settle(Verdict::Requeue);
        }
    }
}
