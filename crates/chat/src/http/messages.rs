//! One's own message, changed afterwards: edit and delete, each an entry of the log.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use parlor_edge::{Json, Path, Problem};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::EditRequest,
    ids::MessageId,
    text::Text,
};

use super::rooms::append;
use crate::{
    log::entry::{Append, Change},
    node::Node,
    permission,
    who::Who,
};

fn message_id(text: &str) -> Result<MessageId, Refusal> {
    text.parse().map_err(|_| Refusal::new(ErrorCode::UnknownMessage, "There is no such message."))
}

pub async fn edit(
    State(node): State<Arc<Node>>,
    who: Who,
    Path((room, message)): Path<(String, String)>,
    Json(wanted): Json<EditRequest>,
) -> Result<StatusCode, Problem> {
    let may = permission::post(&node, &who, &room).await?;
    let text = Text::parse(wanted.text).map_err(as_unprocessable)?;
    let change = Change::Edit { message: message_id(&message)?, by: may.person().id, text };
    append(&node, Append::new(may.room(), change), true).await
}

pub async fn delete(
    State(node): State<Arc<Node>>,
    who: Who,
    Path((room, message)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let may = permission::post(&node, &who, &room).await?;
    let change = Change::Delete { message: message_id(&message)?, by: may.person().id };
    append(&node, Append::new(may.room(), change), true).await
}

/// The body is well formed, but its text cannot be a message's.
fn as_unprocessable(refusal: Refusal) -> Refusal {
    if refusal.code == ErrorCode::InvalidRequest { refusal.with_status(422) } else { refusal }
}
