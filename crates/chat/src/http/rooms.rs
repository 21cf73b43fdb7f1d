//! Rooms: list, create, join, leave, and how far one has read.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use parlor_edge::{Json, Path, Problem, problem};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::{NewRoom, NewRoomKind, ReadRequest, Room as RoomBody, RoomKind},
    ids::{PersonId, RoomId},
    limits,
    names::Name,
    socket::ServerFrame,
};

use super::view;
use crate::{
    log::{
        append::refusal,
        entry::{Append, Appended, Change},
    },
    node::Node,
    permission::{self, unavailable},
    socket::wire,
    store::{Opened, Position, ReadUpto, Room, RoomView, Scope},
    who::Who,
};

pub async fn list(State(node): State<Arc<Node>>, who: Who) -> Result<Json<Vec<RoomBody>>, Problem> {
    let views = node.store.views(who.person().id, Scope::Visible).await.map_err(unavailable)?;
    Ok(Json(views.iter().map(|view| view::room(&node, view)).collect()))
}

pub async fn create(
    State(node): State<Arc<Node>>,
    who: Who,
    Json(wanted): Json<NewRoom>,
) -> Result<(StatusCode, Json<RoomBody>), Problem> {
    let name =
        Name::parse(&wanted.name).map_err(|error| Refusal::new(ErrorCode::InvalidRoomName, error.to_string()))?;
    let kind = match wanted.kind {
        NewRoomKind::Public => RoomKind::Public,
        NewRoomKind::Private => RoomKind::Private,
    };
    let room = Room::new(RoomId::new(), &name, kind);
    let made = make(Arc::clone(&node), who.person().id, room);
    // To its end, though the caller may go: whoever is a member must be let in.
    let made = node.connections.tasks.spawn(made).await.map_err(problem::internal)?;
    Ok((StatusCode::CREATED, Json(made?)))
}

async fn make(node: Arc<Node>, me: PersonId, room: Room) -> Result<RoomBody, Refusal> {
    match node.store.create_room(&room, &[me]).await.map_err(unavailable)? {
        Opened::Created(_) | Opened::Existing(_) => {}
        Opened::NameTaken => {
            let message = format!("There is a room named {} already.", room.name);
            return Err(Refusal::new(ErrorCode::RoomExists, message));
        }
    }
    if room.kind == RoomKind::Public {
        // Behind the commit: whoever hears of the room can open it.
        let created = ServerFrame::RoomCreated { room: view::public(&room) };
        node.hub.send_to_all(&wire::text(&created.to_json())).await;
    }
    admit(&node, me, room.id).await
}

/// Lets a founding member's sockets into a new room; the room as the person sees it.
pub async fn admit(node: &Node, person: PersonId, room: RoomId) -> Result<RoomBody, Refusal> {
    let body = seen_by(node, person, room).await?;
    if !body.member {
        // Another tab has left it in between.
        return Ok(body);
    }
    let first = |cut| {
        let room = RoomBody { last_seq: Some(cut), ..body.clone() };
        wire::text(&ServerFrame::RoomJoined { room }.to_json())
    };
    node.hub.admit(room, person, first).await.map_err(unavailable)?;
    Ok(body)
}

/// The room as the person sees it.
pub async fn seen_by(node: &Node, person: PersonId, room: RoomId) -> Result<RoomBody, Refusal> {
    let views = node.store.views(person, Scope::Only(room)).await.map_err(unavailable)?;
    views.first().map(|found: &RoomView| view::room(node, found)).ok_or_else(permission::unknown_room)
}

pub async fn join(State(node): State<Arc<Node>>, who: Who, Path(room): Path<String>) -> Result<StatusCode, Problem> {
    let may = permission::join(&node, &who, &room).await?;
    append(&node, Append::new(may.room().id, Change::Join { person: may.person().clone() }), true).await
}

pub async fn leave(State(node): State<Arc<Node>>, who: Who, Path(room): Path<String>) -> Result<StatusCode, Problem> {
    let may = permission::leave(&node, &who, &room).await?;
    append(&node, Append::new(may.room().id, Change::Leave { person: may.removed().clone() }), true).await
}

/// 204 once the change is durable; a change that changes nothing is none the less what was wanted, or `missing`.
pub async fn append(node: &Node, change: Append, fine_if_unchanged: bool) -> Result<StatusCode, Problem> {
    match node.log.append(change).await.map_err(unavailable)? {
        Appended::Unchanged if !fine_if_unchanged => {
            Err(Refusal::new(ErrorCode::UnknownPerson, "This person is no member of the room.").into())
        }
        Appended::Stored(_) | Appended::Repeat(_) | Appended::Unchanged => Ok(StatusCode::NO_CONTENT),
        Appended::Refused(refused) => Err(refusal(refused).into()),
    }
}

pub async fn read(
    State(node): State<Arc<Node>>,
    who: Who,
    Path(room): Path<String>,
    Json(read): Json<ReadRequest>,
) -> Result<StatusCode, Problem> {
    if read.seq.0 > limits::SEQ_MAX {
        return Err(Refusal::unprocessable("A `seq` is at most 2^53 - 1.").into());
    }
    let may = permission::read(&node, &who, &room).await?;
    let (room, me) = (may.room().id, may.person());
    let position = Position { room, person: me, seq: read.seq };
    let Some(ReadUpto { seq: read_seq, unread }) = node.reading.upto(position).await.map_err(unavailable)? else {
        return Err(permission::not_a_member().into());
    };
    node.hub.send_to(me, &wire::text(&ServerFrame::Read { room, read_seq, unread }.to_json()));
    Ok(StatusCode::NO_CONTENT)
}
