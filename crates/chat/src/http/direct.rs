//! The room of two people: the same one for both, however often and from whichever side it is asked for.

use std::sync::Arc;

use axum::extract::State;
use parlor_edge::{Json, Problem, problem};
use parlor_protocol::{
    error::Refusal,
    http::{PersonRequest, Room as RoomBody},
    ids::{PersonId, RoomId},
};

use super::rooms::{admit, seen_by};
use crate::{
    node::Node,
    permission::{self, unavailable},
    store::{Opened, Room},
    who::Who,
};

pub async fn open(
    State(node): State<Arc<Node>>,
    who: Who,
    Json(wanted): Json<PersonRequest>,
) -> Result<Json<RoomBody>, Problem> {
    let other = node.people.active_by_id(&wanted.user_id)?;
    let me = who.person().id;
    if other.id == me {
        return Err(Refusal::unprocessable("A direct conversation needs somebody else.").into());
    }
    // To its end, though the caller may go: both must be let in.
    let made = make(Arc::clone(&node), me, other.id);
    let made = node.connections.tasks.spawn(made).await.map_err(problem::internal)?;
    Ok(Json(made?))
}

async fn make(node: Arc<Node>, me: PersonId, other: PersonId) -> Result<RoomBody, Refusal> {
    let room = match node.store.direct_room(&Room::direct(RoomId::new()), me, other).await.map_err(unavailable)? {
        Opened::Created(room) => {
            for person in [me, other] {
                admit(&node, person, room.id).await?;
            }
            room
        }
        Opened::Existing(room) => room,
        Opened::NameTaken => return Err(permission::unknown_room()),
    };
    seen_by(&node, me, room.id).await
}
