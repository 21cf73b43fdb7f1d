//! The room of two people: the same one for both, however often and from whichever side it is asked for.

use std::sync::Arc;

use axum::extract::State;
use parlor_edge::{Json, Problem};
use parlor_protocol::{
    error::Refusal,
    http::{PersonRequest, Room as RoomBody},
    ids::RoomId,
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
    let room = match node.store.direct_room(&Room::direct(RoomId::new()), me, other.id).await.map_err(unavailable)? {
        Opened::Created(room) => {
            for person in [me, other.id] {
                admit(&node, person, room.id).await?;
            }
            room
        }
        Opened::Existing(room) => room,
        Opened::NameTaken => return Err(permission::unknown_room().into()),
    };
    Ok(Json(seen_by(&node, me, room.id).await?))
}
