//! `message`: permit, append. The `ack` comes from the log, after the commit.

use std::sync::Arc;

use parlor_protocol::{
    error::Refusal,
    ids::{MessageId, RoomId},
    socket::ServerFrame,
    text::Text,
};

use crate::{
    node::Node,
    permission::{self, MayPost},
    socket::{Socket, life::refuse, wire},
    who::Who,
};

pub async fn handle(node: &Node, who: &Who, socket: &Arc<Socket>, id: MessageId, room: &str, text: Text) {
    if let Err(refusal) = node.rates.charge_message(who.person().id) {
        return refuse(socket, Some(id.to_string()), refusal);
    }
    match permit(node, who, socket, room).await {
        Ok(may) => node.log.post(may, id, text, socket).await,
        Err(refusal) => refuse_unless_known(node, who, socket, id, room, refusal).await,
    }
}

async fn permit(node: &Node, who: &Who, socket: &Socket, room: &str) -> Result<MayPost, Refusal> {
    match permission::post_from_inside(node, who, socket, room) {
        Some(may) => Ok(may),
        None => permission::post(node, who, room).await,
    }
}

/// What was acknowledged once stays acknowledged, though its author has left the room since.
async fn refuse_unless_known(node: &Node, who: &Who, socket: &Socket, id: MessageId, room: &str, refusal: Refusal) {
    if let Ok(room) = room.parse::<RoomId>()
        && let Ok(Some(seq)) = node.store.posted(id, room, who.person().id).await
    {
        return socket.outbox().send(wire::text(&ServerFrame::Ack { id, room, seq }.to_json()));
    }
    refuse(socket, Some(id.to_string()), refusal);
}
