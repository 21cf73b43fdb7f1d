//! Who is in a room; bringing people in, and taking them out.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use parlor_edge::{Json, Path, Problem};
use parlor_protocol::http::{Member, PersonRequest};

use super::rooms::append;
use crate::{
    log::entry::{Append, Change},
    node::Node,
    permission::{self, unavailable},
    who::Who,
};

pub async fn list(
    State(node): State<Arc<Node>>,
    who: Who,
    Path(room): Path<String>,
) -> Result<Json<Vec<Member>>, Problem> {
    let may = permission::read(&node, &who, &room).await?;
    Ok(Json(node.store.members(may.room().id).await.map_err(unavailable)?))
}

pub async fn add(
    State(node): State<Arc<Node>>,
    who: Who,
    Path(room): Path<String>,
    Json(wanted): Json<PersonRequest>,
) -> Result<StatusCode, Problem> {
    let may = permission::invite(&node, &who, &room).await?;
    let person = node.people.active_by_id(&wanted.user_id)?;
    append(&node, Append::new(may.room().id, Change::Join { person }), true).await
}

pub async fn remove(
    State(node): State<Arc<Node>>,
    who: Who,
    Path((room, person)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let may = permission::remove(&node, &who, &room, &person).await?;
    append(&node, Append::new(may.room().id, Change::Leave { person: may.removed().clone() }), false).await
}
