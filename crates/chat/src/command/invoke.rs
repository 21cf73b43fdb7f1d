//! A bot's command: arguments checked, invocation recorded, `accepted`, and handed over to the command's queue.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use parlor_broker::{BrokerError, Message, Status};
use parlor_protocol::{
    broker,
    error::{ErrorCode, Refusal},
    ids::MessageId,
    line::CommandLine,
    time::Timestamp,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::outcome;
use crate::{
    node::Node,
    permission::{MayPost, unavailable},
    request::command::{accept, ask_again, id_taken},
    socket::Socket,
    store::{Begun, Claim, NewInvocation, Outcome},
};

/// # Errors
/// What comes in place of `accepted`.
pub async fn invoke(
    node: &Node,
    socket: &Arc<Socket>,
    id: MessageId,
    may: &MayPost,
    line: &CommandLine<'_>,
) -> Result<(), Refusal> {
    let claim = node.commands.claim(&line.name).ok_or_else(|| unknown_command(&line.name))?;
    let arguments = line.arguments(&claim.spec.arguments)?;
    if *node.commands.broker.status().borrow() == Status::Down {
        return Err(out_of_reach());
    }
    // A place first: what is accepted is handed over.
    let place = node.commands.handover.try_reserve().map_err(|_| out_of_reach())?;
    let asked = record(id, may, &claim, line.whole, node.config.command_timeout);
    node.commands.wait(id, socket);
    match node.store.begin(&asked).await {
        Ok(Begun::Recorded) => {}
        Ok(Begun::Known(known)) => {
            node.commands.stop_waiting(id, socket);
            let same = known.asked.asker == asked.asker && known.asked.room == asked.room;
            return if same { ask_again(node, socket, &known).await } else { Err(id_taken()) };
        }
        Ok(Begun::IdTaken) => {
            node.commands.stop_waiting(id, socket);
            return Err(id_taken());
        }
        Err(error) => {
            node.commands.stop_waiting(id, socket);
            return Err(unavailable(error));
        }
    }
    accept(socket, id, asked.room);
    node.commands.recorded.notify_one();
    let invocation = broker::Invocation {
        id,
        command: asked.command.clone(),
        arguments,
        line: line.whole.to_owned(),
        room: asked.room,
        asker: may.person().clone(),
        deadline: asked.deadline,
    };
    place.send(Handed { invocation, asked });
    Ok(())
}

/// An accepted command on its way to its queue.
#[derive(Debug)]
pub struct Handed {
    invocation: broker::Invocation,
    asked: NewInvocation,
}

/// Where accepted commands leave the sockets that gave them: a broker that is slow to confirm holds up no socket.
#[derive(Debug)]
pub struct Outgoing {
    handed: mpsc::Receiver<Handed>,
}

impl Outgoing {
    #[must_use]
    pub fn new() -> (mpsc::Sender<Handed>, Self) {
        let (handover, handed) = mpsc::channel(WAITING);
        (handover, Self { handed })
    }

    /// Publishes until `stop`, and then what was accepted before.
    pub async fn run(mut self, node: &Node, stop: &CancellationToken) {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                () = stop.cancelled(), if !self.handed.is_closed() => self.handed.close(),
                handed = self.handed.recv(), if under_way.len() < AT_ONCE => match handed {
                    Some(handed) => under_way.push(hand_over(node, handed)),
                    None => break,
                },
                Some(()) = under_way.next() => {}
            }
        }
        while under_way.next().await.is_some() {}
    }
}

/// Accepted commands that wait for the broker at most; above it new ones are refused.
const WAITING: usize = 4_096;
/// How many are published at once.
const AT_ONCE: usize = 64;

async fn hand_over(node: &Node, Handed { invocation, asked }: Handed) {
    let Err(error) = publish(node, &invocation).await else { return };
    tracing::warn!(%error, command = asked.command, "an invocation did not reach its queue");
    let refusal = out_of_reach();
    let failed = Outcome::Error { code: refusal.code, message: refusal.message };
    if let Err(error) = outcome::finish(node, &asked, failed).await {
        // Its deadline ends it: an error now would be a second outcome then.
        tracing::error!(%error, "an accepted command could not be ended");
    }
}

fn record(id: MessageId, may: &MayPost, claim: &Claim, line: &str, default_deadline: Duration) -> NewInvocation {
    let now = Timestamp::now();
    NewInvocation {
        id,
        room: may.room(),
        asker: may.person().id,
        command: claim.spec.name.clone(),
        line: line.to_owned(),
        bot: claim.bot.clone(),
        bot_name: claim.bot_name.clone(),
        created: now,
        deadline: now.plus(claim.spec.deadline_ms.map_or(default_deadline, Duration::from_millis)),
    }
}

async fn publish(node: &Node, invocation: &broker::Invocation) -> Result<(), BrokerError> {
    let queue = node.commands.topology.command(&invocation.command);
    let body = serde_json::to_vec(invocation).map_err(|error| BrokerError::Refused(error.to_string()))?;
    let message = Message::new(body)
        .correlation_id(invocation.id.to_string())
        .reply_to(node.commands.topology.answers().name)
        .expires_in(Timestamp::now().until(invocation.deadline));
    match node.commands.broker.publish(&queue.name, message.clone()).await {
        Err(BrokerError::NoQueue(_)) => {
            // A broker that forgets its queues, as the one in this process, has been started anew since the claim.
            node.commands.broker.declare(&queue).await?;
            node.commands.broker.publish(&queue.name, message).await
        }
        published => published,
    }
}

fn unknown_command(name: &str) -> Refusal {
    Refusal::new(ErrorCode::UnknownCommand, format!("There is no command /{name}."))
}

fn out_of_reach() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "Commands cannot be carried out right now: their broker is out of reach.")
        .retry_after(Duration::from_secs(5))
}
