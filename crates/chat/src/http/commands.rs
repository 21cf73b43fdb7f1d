//! What can be asked here, for help and completion.

use std::sync::Arc;

use axum::extract::State;
use parlor_edge::Json;
use parlor_protocol::http::Commands;

use crate::{command::catalogue, node::Node, who::Who};

pub async fn list(State(node): State<Arc<Node>>, _who: Who) -> Json<Commands> {
    Json(Commands { commands: catalogue::commands(&node) })
}
