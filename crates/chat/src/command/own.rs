//! The chat's own commands: what touches nothing but the chat's own state. They are in the same catalogue, recorded in
//! the same way, and have exactly one outcome like any other.

use std::sync::Arc;

use parlor_protocol::{
    broker::CommandSpec,
    error::{ErrorCode, Refusal},
    ids::{AuthorId, MessageId},
    line::{Argument, ArgumentKind, CommandLine},
    socket::Author,
    text::Topic,
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::{catalogue, outcome};
use crate::{
    log::{
        append::refusal,
        entry::{Append, Appended, Change},
    },
    node::Node,
    permission::{self, MayPost, MayRemove, unavailable},
    request::command::{accept, ask_again, id_taken},
    socket::Socket,
    store::{Begun, NewInvocation, Outcome, StoreError},
    who::Who,
};

/// The bot that the chat's own commands belong to.
pub const BOT: &str = "parlor";
/// The name their answers are shown under.
pub const BOT_NAME: &str = "Parlor";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnCommand {
    Help,
    Invite,
    Leave,
    Topic,
}

const ALL: [OwnCommand; 4] = [OwnCommand::Help, OwnCommand::Invite, OwnCommand::Leave, OwnCommand::Topic];

impl OwnCommand {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Invite => "invite",
            Self::Leave => "leave",
            Self::Topic => "topic",
        }
    }

    #[must_use]
    pub fn spec(self) -> CommandSpec {
        let argument = |name: &str, summary: &str, kind, many| Argument {
            name: name.to_owned(),
            summary: summary.to_owned(),
            kind,
            required: true,
            option: false,
            many,
        };
        let word = ArgumentKind::Word { pattern: None, max_length: Some(33) };
        let (summary, arguments) = match self {
            Self::Help => (
                "Show what can be asked here",
                vec![Argument { required: false, ..argument("command", "Only this command", word, false) }],
            ),
            Self::Invite => {
                ("Bring people into this room", vec![argument("person", "Their usernames", ArgumentKind::Person, true)])
            }
            Self::Leave => ("Leave this room", vec![]),
            Self::Topic => (
                "Say what this room is about",
                vec![Argument {
                    required: false,
                    ..argument("text", "One line; none clears it", ArgumentKind::Text, false)
                }],
            ),
        };
        CommandSpec { name: self.name().to_owned(), summary: summary.to_owned(), arguments, deadline_ms: None }
    }
}

#[must_use]
pub fn find(name: &str) -> Option<OwnCommand> {
    ALL.into_iter().find(|command| command.name() == name)
}

pub fn specs() -> impl Iterator<Item = CommandSpec> {
    ALL.into_iter().map(OwnCommand::spec)
}

/// What is going to be done, permitted.
enum Action {
    Say(String),
    Invite(Vec<Append>, String),
    Leave(MayRemove),
    Topic(Append, String),
}

/// # Errors
/// What comes in place of `accepted`.
pub async fn run(
    node: &Node,
    who: &Who,
    socket: &Arc<Socket>,
    id: MessageId,
    may: &MayPost,
    line: &CommandLine<'_>,
    command: OwnCommand,
) -> Result<(), Refusal> {
    let arguments = line.arguments(&command.spec().arguments)?;
    let action = prepare(node, who, may, command, &arguments).await?;
    let now = Timestamp::now();
    let asked = NewInvocation {
        id,
        room: may.room(),
        asker: may.person().id,
        command: command.name().to_owned(),
        line: line.whole.to_owned(),
        bot: BOT.to_owned(),
        bot_name: BOT_NAME.to_owned(),
        created: now,
        deadline: now.plus(node.config.command_timeout),
    };
    match node.store.begin(&asked).await.map_err(unavailable)? {
        Begun::Recorded => {}
        Begun::Known(known) if known.asked.asker == asked.asker && known.asked.room == asked.room => {
            return ask_again(node, socket, &known).await;
        }
        Begun::Known(_) | Begun::IdTaken => return Err(id_taken()),
    }
    accept(socket, id, asked.room);
    node.commands.wait(id, socket);
    if let Err(error) = act(node, &asked, action).await {
        // Its deadline ends it: an error now would be a second outcome then.
        tracing::error!(%error, command = asked.command, "an accepted command could not be ended");
    }
    Ok(())
}

/// Everything that can be refused is refused here, before anything is recorded.
async fn prepare(
    node: &Node,
    who: &Who,
    may: &MayPost,
    command: OwnCommand,
    arguments: &Map<String, Value>,
) -> Result<Action, Refusal> {
    let room = may.room().to_string();
    match command {
        OwnCommand::Help => {
            let only = arguments.get("command").and_then(Value::as_str).map(|name| name.trim_start_matches('/'));
            Ok(Action::Say(help(node, only)))
        }
        OwnCommand::Invite => {
            let may = permission::invite(node, who, &room).await?;
            let names = arguments.get("person").and_then(Value::as_array);
            let people = names.into_iter().flatten().filter_map(Value::as_str).map(|username| {
                node.people.by_username(username).ok_or_else(|| {
                    Refusal::new(ErrorCode::InvalidArguments, format!("There is nobody named {username}."))
                })
            });
            let people = people.collect::<Result<Vec<_>, _>>()?;
            let who: Vec<_> = people.iter().map(|person| person.name.as_str()).collect();
            let said = format!("{} can read this room now.", who.join(", "));
            let joins = people.into_iter().map(|person| Append::new(may.room().id, Change::Join { person }));
            Ok(Action::Invite(joins.collect(), said))
        }
        OwnCommand::Leave => Ok(Action::Leave(permission::leave(node, who, &room).await?)),
        OwnCommand::Topic => {
            let topic = Topic::parse(arguments.get("text").and_then(Value::as_str).unwrap_or_default())?;
            let said = if topic.as_str().is_empty() { "The topic is cleared." } else { "The topic is set." };
            let change = Change::Topic { by: may.person().clone(), topic };
            Ok(Action::Topic(Append::new(may.room(), change), said.to_owned()))
        }
    }
}

async fn act(node: &Node, asked: &NewInvocation, action: Action) -> Result<(), StoreError> {
    let (appends, said) = match action {
        Action::Say(text) => (Vec::new(), text),
        Action::Invite(appends, said) => (appends, said),
        Action::Topic(append, said) => (vec![append], said),
        Action::Leave(may) => {
            // Said first: behind `room_gone` no frame of the room comes any more.
            outcome::finish(node, asked, answer("You left the room.".to_owned())).await?;
            let leave = Append::new(may.room().id, Change::Leave { person: may.removed().clone() });
            node.log.append(leave).await?;
            return Ok(());
        }
    };
    for append in appends {
        if let Appended::Refused(refused) = node.log.append(append).await? {
            let Refusal { code, message, .. } = refusal(refused);
            outcome::finish(node, asked, Outcome::Error { code, message }).await?;
            return Ok(());
        }
    }
    outcome::finish(node, asked, answer(said)).await?;
    Ok(())
}

fn answer(text: String) -> Outcome {
    let author = Author { id: AuthorId::Bot(BOT.to_owned()), name: BOT_NAME.to_owned(), bot: true };
    Outcome::Answer { author, text }
}

fn help(node: &Node, only: Option<&str>) -> String {
    let commands = catalogue::commands(node);
    let shown: Vec<_> = commands.iter().filter(|command| only.is_none_or(|name| command.name == name)).collect();
    if shown.is_empty() {
        return "There is no such command.".to_owned();
    }
    let lines = shown.iter().map(|command| format!("{}\n    {}", command.usage, command.summary));
    lines.collect::<Vec<_>>().join("\n")
}
