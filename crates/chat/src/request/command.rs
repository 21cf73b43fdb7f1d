//! `command`: permit, and hand on to the chat's own action or to a bot. The line itself is never a message.

use std::sync::Arc;

use parlor_protocol::{
    error::{ErrorCode, Refusal},
    ids::MessageId,
    line,
    socket::ServerFrame,
    text::Text,
};

use crate::{
    command::{invoke, outcome, own},
    node::Node,
    permission::{self, unavailable},
    socket::{Socket, life::refuse, wire},
    store::Invocation,
    who::Who,
};

pub async fn handle(node: &Node, who: &Who, socket: &Arc<Socket>, id: MessageId, room: &str, text: Text) {
    if let Err(refusal) = ask(node, who, socket, id, room, &text).await {
        refuse(socket, Some(id.to_string()), refusal);
    }
}

async fn ask(
    node: &Node,
    who: &Who,
    socket: &Arc<Socket>,
    id: MessageId,
    room: &str,
    text: &Text,
) -> Result<(), Refusal> {
    node.rates.charge_message(who.person().id)?;
    // What was accepted once has its outcome told again, though the asker has left the room since.
    let known = node.store.invocation(id).await.map_err(unavailable)?;
    if let Some(known) = &known
        && known.asked.asker == who.person().id
        && known.asked.room.to_string() == room
    {
        return ask_again(node, socket, known).await;
    }
    let may = permission::post(node, who, room).await?;
    if known.is_some() {
        return Err(id_taken());
    }
    let line = line::parse(text.as_str())?;
    match own::find(&line.name) {
        Some(command) => own::run(node, who, socket, id, &may, &line, command).await,
        None => invoke::invoke(node, socket, id, &may, &line).await,
    }
}

/// The same id means the same command: `accepted`, and its outcome now or when it comes.
pub async fn ask_again(node: &Node, socket: &Arc<Socket>, known: &Invocation) -> Result<(), Refusal> {
    let asked = &known.asked;
    accept(socket, asked.id, asked.room);
    if known.outcome.is_some() {
        return outcome::repeat(node, socket, known).await.map_err(unavailable);
    }
    if !node.commands.wait(asked.id, socket) {
        return Ok(());
    }
    // It may have ended just before the socket began to wait.
    let now = node.store.invocation(asked.id).await.map_err(unavailable)?;
    match now {
        Some(known) if known.outcome.is_some() && node.commands.stop_waiting(known.asked.id, socket) => {
            outcome::repeat(node, socket, &known).await.map_err(unavailable)
        }
        _ => Ok(()),
    }
}

pub fn accept(socket: &Socket, id: MessageId, room: parlor_protocol::ids::RoomId) {
    socket.outbox().send(wire::text(&ServerFrame::Accepted { id, room }.to_json()));
}

#[must_use]
pub fn id_taken() -> Refusal {
    Refusal::new(ErrorCode::IdTaken, "This id belongs to something else.")
}
