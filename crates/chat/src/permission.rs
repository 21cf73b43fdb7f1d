//! What a person may do in a room. Whoever touches a room needs one of these values, and only this file makes them,
//! so that no handler can go around it. The store checks an author's membership once more when it writes.

use parlor_protocol::{
    auth::Person,
    error::{ErrorCode, Refusal},
    http::{Role, RoomKind},
    ids::{PersonId, RoomId},
};

use crate::{
    node::Node,
    store::{MemberOf, Room, StoreError},
    who::Who,
};

/// A member: may read the room and everything in it.
#[derive(Debug, Clone)]
pub struct MayRead {
    room: Room,
    person: PersonId,
    member: MemberOf,
}

/// May write into the room, in this person's name.
#[derive(Debug, Clone)]
pub struct MayPost {
    room: RoomId,
    person: Person,
}

/// May become a member, or is one.
#[derive(Debug, Clone)]
pub struct MayJoin {
    room: Room,
    person: Person,
}

/// May bring others in.
#[derive(Debug, Clone)]
pub struct MayInvite {
    room: Room,
}

/// May end this person's membership: the owner, or the person.
#[derive(Debug, Clone)]
pub struct MayRemove {
    room: Room,
    removed: Person,
}

impl MayRead {
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.person
    }
}
impl MayPost {
    #[must_use]
    pub fn room(&self) -> RoomId {
        self.room
    }
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }
}
impl MayJoin {
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
    #[must_use]
    pub fn person(&self) -> &Person {
        &self.person
    }
}
impl MayInvite {
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
}
impl MayRemove {
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.room
    }
    #[must_use]
    pub fn removed(&self) -> &Person {
        &self.removed
    }
}

/// The room as this person may know of it: a room one cannot see is no room.
async fn visible(node: &Node, who: &Who, room: &str) -> Result<(Room, Option<MemberOf>), Refusal> {
    let Ok(id) = room.parse::<RoomId>() else { return Err(unknown_room()) };
    let found = node.store.member_of(id, who.person().id).await.map_err(unavailable)?;
    match found {
        Some((room, member)) if member.is_some() || room.kind == RoomKind::Public => Ok((room, member)),
        _ => Err(unknown_room()),
    }
}

/// # Errors
/// `unknown_room`, `forbidden`, `unavailable`
pub async fn read(node: &Node, who: &Who, room: &str) -> Result<MayRead, Refusal> {
    let (room, member) = visible(node, who, room).await?;
    let member = member.ok_or_else(not_a_member)?;
    Ok(MayRead { room, person: who.person().id, member })
}

/// # Errors
/// `unknown_room`, `forbidden`, `unavailable`
pub async fn post(node: &Node, who: &Who, room: &str) -> Result<MayPost, Refusal> {
    let may = read(node, who, room).await?;
    let person = who.refreshed(node).ok_or_else(not_a_member)?;
    Ok(MayPost { room: may.room.id, person })
}

/// As [`post`], for a socket that is in the room: the hub lets only members in and takes them out at once, so the
/// store need not be asked before every message.
#[must_use]
pub fn post_from_inside(node: &Node, who: &Who, socket: &crate::socket::Socket, room: &str) -> Option<MayPost> {
    let room = room.parse::<RoomId>().ok().filter(|room| socket.is_in(*room))?;
    (socket.person() == who.person().id).then_some(())?;
    Some(MayPost { room, person: who.refreshed(node)? })
}

/// # Errors
/// `unknown_room`, `unavailable`
pub async fn join(node: &Node, who: &Who, room: &str) -> Result<MayJoin, Refusal> {
    let (room, _) = visible(node, who, room).await?;
    Ok(MayJoin { room, person: who.person().clone() })
}

/// # Errors
/// `unknown_room`, `forbidden` (also in a direct room, which keeps its two), `unavailable`
pub async fn invite(node: &Node, who: &Who, room: &str) -> Result<MayInvite, Refusal> {
    let may = read(node, who, room).await?;
    keeps_changing(&may.room)?;
    Ok(MayInvite { room: may.room })
}

/// # Errors
/// `unknown_room`, `forbidden`, `unknown_person`, `unavailable`
pub async fn remove(node: &Node, who: &Who, room: &str, person: &str) -> Result<MayRemove, Refusal> {
    if person == who.person().id.to_string() {
        return leave(node, who, room).await;
    }
    let may = read(node, who, room).await?;
    keeps_changing(&may.room)?;
    if may.member.role != Role::Owner {
        return Err(Refusal::new(ErrorCode::Forbidden, "Only the room's owner can remove others."));
    }
    Ok(MayRemove { room: may.room, removed: node.people.known_by_id(person)? })
}

/// Leaving: whoever is no member has left already, if the room is one they may know of.
///
/// # Errors
/// `unknown_room`, `forbidden` for a direct room, `unavailable`
pub async fn leave(node: &Node, who: &Who, room: &str) -> Result<MayRemove, Refusal> {
    let (room, _) = visible(node, who, room).await?;
    keeps_changing(&room)?;
    Ok(MayRemove { room, removed: who.person().clone() })
}

fn keeps_changing(room: &Room) -> Result<(), Refusal> {
    if room.kind == RoomKind::Direct {
        return Err(Refusal::new(ErrorCode::Forbidden, "A direct conversation keeps its two people."));
    }
    Ok(())
}

#[must_use]
pub fn unknown_room() -> Refusal {
    Refusal::new(ErrorCode::UnknownRoom, "There is no such room.")
}
#[must_use]
pub fn not_a_member() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "You are not a member of this room.")
}

/// The store did not answer: logged, and said without its details.
#[must_use]
pub fn unavailable(error: StoreError) -> Refusal {
    tracing::error!(%error, "the store failed");
    metrics::counter!("parlor_store_errors_total").increment(1);
    Refusal::new(ErrorCode::Unavailable, "The chat cannot reach its store. Try again.")
        .retry_after(std::time::Duration::from_secs(1))
}
