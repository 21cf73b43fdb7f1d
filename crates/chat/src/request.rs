//! The three frames of a client, each in a file of its own.

use std::sync::Arc;

use parlor_protocol::socket::ClientFrame;

use crate::{node::Node, socket::Socket, who::Who};

pub mod command;
pub mod message;
pub mod rate;
pub mod resume;

pub async fn handle(node: &Arc<Node>, who: &Who, socket: &Arc<Socket>, frame: ClientFrame) {
    match frame {
        ClientFrame::Message { id, room, text } => message::handle(node, who, socket, id, &room, text).await,
        ClientFrame::Command { id, room, text } => command::handle(node, who, socket, id, &room, text).await,
        ClientFrame::Resume { rooms } => resume::handle(node, who, socket, rooms).await,
    }
}
