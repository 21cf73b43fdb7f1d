//! The end of an invocation: set once, told to whoever waits, told again to whoever asks again.

use parlor_protocol::{ids::Seq, socket::ServerFrame, time::Timestamp};

use crate::{
    node::Node,
    socket::{Socket, wire},
    store::{Invocation, NewInvocation, Outcome, StoreError},
};

/// Sets an outcome that is no message, and tells it. Whether this was the one.
///
/// # Errors
/// If the store failed.
pub async fn finish(node: &Node, asked: &NewInvocation, outcome: Outcome) -> Result<bool, StoreError> {
    let first = node.store.finish(asked.id, &outcome, Timestamp::now()).await?;
    if first {
        tell(node, asked, &outcome);
    }
    Ok(first)
}

/// Tells a fresh outcome to the sockets that asked. A message they get as members of the room.
pub fn tell(node: &Node, asked: &NewInvocation, outcome: &Outcome) {
    let result = match outcome {
        Outcome::Message { .. } => "message",
        Outcome::Answer { .. } => "answer",
        Outcome::Error { code, .. } => code.as_str(),
        Outcome::Forgotten => "forgotten",
    };
    metrics::counter!("parlor_commands_total", "result" => result).increment(1);
    let waiting = node.commands.take_waiting(asked.id);
    if let Some(frame) = frame(asked, outcome) {
        let bytes = wire::text(&frame.to_json());
        for socket in waiting {
            socket.outbox().send(bytes.clone());
        }
    }
}

/// Tells a known outcome again, as it was.
///
/// # Errors
/// If the store failed.
pub async fn repeat(node: &Node, socket: &Socket, known: &Invocation) -> Result<(), StoreError> {
    let Some(outcome) = &known.outcome else { return Ok(()) };
    let frame = match outcome {
        Outcome::Message { seq } => {
            let before = Seq(seq.0.saturating_sub(1));
            let entries = node.store.entries(known.asked.room, before, *seq, 1).await?;
            entries.into_iter().next().map(crate::log::entry::Entry::into_frame)
        }
        _ => frame(&known.asked, outcome),
    };
    if let Some(frame) = frame {
        socket.outbox().send(wire::text(&frame.to_json()));
    }
    Ok(())
}

/// The frame for the asker alone, if the outcome is for the asker alone.
fn frame(asked: &NewInvocation, outcome: &Outcome) -> Option<ServerFrame> {
    match outcome.clone() {
        Outcome::Message { .. } | Outcome::Forgotten => None,
        Outcome::Answer { author, text } => Some(ServerFrame::Answer { id: asked.id, room: asked.room, author, text }),
        Outcome::Error { code, message } => {
            let id = Some(asked.id.to_string());
            Some(ServerFrame::Error { id, code, message, retry_after_ms: None, position: None })
        }
    }
}
