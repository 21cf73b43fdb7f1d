//! A room as one person sees it. Must not know how the rows came.

use parlor_protocol::{
    http::{Room, RoomKind},
    socket::PublicRoom,
};

use crate::{node::Node, store::RoomView};

pub fn room(node: &Node, view: &RoomView) -> Room {
    let RoomView { room, member, unread, with } = view;
    let with = with.and_then(|person| node.people.get(person));
    let name = match (&with, room.kind) {
        (Some(person), RoomKind::Direct) => person.name.as_str().to_owned(),
        _ => room.name.clone(),
    };
    Room {
        id: room.id,
        name,
        kind: room.kind,
        topic: room.topic.clone(),
        member: member.is_some(),
        last_seq: member.map(|_| room.last_seq),
        read_seq: member.map(|member| member.read_seq),
        unread: member.map(|_| *unread),
        with,
    }
}

pub fn public(room: &crate::store::Room) -> PublicRoom {
    PublicRoom { id: room.id, name: room.name.clone(), kind: room.kind, topic: room.topic.clone() }
}
