//! The three frames of a client, each in a file of its own.

use std::sync::Arc;

use parlor_protocol::{
    error::{ErrorCode, Refusal},
    socket::ClientFrame,
};

use crate::{node::Node, socket::Socket, who::Who};

pub mod command;
pub mod message;
pub mod resume;

pub async fn handle(node: &Arc<Node>, who: &Who, socket: &Arc<Socket>, frame: ClientFrame) {
    match frame {
        ClientFrame::Message { id, room, text } => message::handle(node, who, socket, id, &room, text).await,
        ClientFrame::Command { id, room, text } => command::handle(node, who, socket, id, &room, text).await,
        ClientFrame::Resume { rooms } => resume::handle(node, socket, rooms).await,
    }
}

/// A person's messages and commands share one budget.
fn within_rate(node: &Node, who: &Who) -> Result<(), Refusal> {
    let Some(limiter) = &node.message_rate else { return Ok(()) };
    limiter.check_key(&who.person().id).map_err(|not_until| {
        let wait = not_until.wait_time_from(governor::clock::Clock::now(limiter.clock()));
        Refusal::new(ErrorCode::RateLimited, "That was too much at once. Wait a moment.").retry_after(wait)
    })
}
