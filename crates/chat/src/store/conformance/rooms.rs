//! Promises about rooms and members.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{
    auth::Person,
    http::{Role, RoomKind},
    ids::{MessageId, RoomId, Seq},
    names::Name,
    time::Timestamp,
};

use super::{one, person, post, room_of, seq};
use crate::{
    log::entry::{Append, Appended, Change, Refused},
    store::{Opened, Position, ReadUpto, Room, Scope, Store},
};

pub async fn public_names_are_unique_when_folded(store: Arc<dyn Store>) {
    let anna = person("anna");
    store.save_people(&[(anna.clone(), true)]).await.unwrap();
    let room = |name: &str, kind| Room::new(RoomId::new(), &Name::parse(name).unwrap(), kind);
    let open = async |room: Room| store.create_room(&room, &[anna.id]).await.unwrap();
    assert!(matches!(open(room("Straße", RoomKind::Public)).await, Opened::Created(_)));
    assert_eq!(open(room("STRASSE", RoomKind::Public)).await, Opened::NameTaken);
    assert!(matches!(open(room("Straße", RoomKind::Private)).await, Opened::Created(_)));
    assert!(matches!(open(room("Straße", RoomKind::Private)).await, Opened::Created(_)));
    // A private room's name is nobody's business.
    assert!(matches!(open(room("hidden", RoomKind::Private)).await, Opened::Created(_)));
    let hidden = room("hidden", RoomKind::Public);
    assert!(matches!(open(hidden.clone()).await, Opened::Created(_)));
    assert!(matches!(open(hidden.clone()).await, Opened::Existing(_)));
    let (seen, member) = store.member_of(hidden.id, anna.id).await.unwrap().unwrap();
    assert_eq!((seen.name.as_str(), member.unwrap().role), ("hidden", Role::Owner));
}

pub async fn a_direct_room_is_one_for_both(store: Arc<dyn Store>) {
    let (anna, ben, carl) = (person("anna"), person("ben"), person("carl"));
    store.save_people(&[(anna.clone(), true), (ben.clone(), true), (carl.clone(), true)]).await.unwrap();
    let open = |one, other| {
        let store = Arc::clone(&store);
        async move { store.direct_room(&Room::direct(RoomId::new()), one, other).await.unwrap() }
    };
    // Both click at the same moment.
    let (first, second) = tokio::join!(open(anna.id, ben.id), open(ben.id, anna.id));
    let id = |opened: &Opened| match opened {
        Opened::Created(room) | Opened::Existing(room) => room.id,
        Opened::NameTaken => panic!("a direct room has no name"),
    };
    assert_eq!(id(&first), id(&second));
    assert_eq!([&first, &second].iter().filter(|one| matches!(one, Opened::Created(_))).count(), 1);
    assert_ne!(id(&open(anna.id, carl.id).await), id(&first));
    let views = store.views(anna.id, Scope::Joined).await.unwrap();
    let with: Vec<_> = views.iter().filter(|view| view.room.id == id(&first)).map(|view| view.with).collect();
    assert_eq!(with, [Some(ben.id)]);
    let leave = Append::new(id(&first), Change::Leave { person: anna.clone() });
    assert_eq!(one(&store, leave).await, Appended::Refused(Refused::DirectRoom));
    let join_again = Append::new(id(&first), Change::Join { person: anna });
    assert_eq!(one(&store, join_again).await, Appended::Unchanged);
    let join = Append::new(id(&first), Change::Join { person: carl });
    assert_eq!(one(&store, join).await, Appended::Refused(Refused::DirectRoom));
}

pub async fn joining_and_leaving_happen_once(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    store.save_people(&[(ben.clone(), true)]).await.unwrap();
    let join = || Append::new(room, Change::Join { person: ben.clone() });
    let leave = || Append::new(room, Change::Leave { person: ben.clone() });
    assert_eq!(seq(&store, join()).await, Seq(1));
    assert_eq!(one(&store, join()).await, Appended::Unchanged);
    let roles: Vec<_> = store.members(room).await.unwrap().into_iter().map(|m| (m.user.id, m.role)).collect();
    assert_eq!(roles, [(anna.id, Role::Owner), (ben.id, Role::Member)]);
    assert_eq!(store.rooms_of(ben.id).await.unwrap(), [room]);
    assert_eq!(seq(&store, leave()).await, Seq(2));
    assert_eq!(one(&store, leave()).await, Appended::Unchanged);
    assert!(store.rooms_of(ben.id).await.unwrap().is_empty());
    let nowhere = Append::new(RoomId::new(), Change::Join { person: ben.clone() });
    assert_eq!(one(&store, nowhere).await, Appended::Refused(Refused::NoSuchRoom));
}

pub async fn an_owner_who_leaves_is_followed_by_the_oldest_member(store: Arc<dyn Store>) {
    let (anna, ben, carl) = (person("anna"), person("ben"), person("carl"));
    let room = room_of(&store, RoomKind::Private, &[&anna]).await;
    store.save_people(&[(ben.clone(), true), (carl.clone(), true)]).await.unwrap();
    // Carl came first, whatever the order of their ids.
    let later = Timestamp::now().plus(Duration::from_secs(60));
    let join = |person: &Person, at| Append { at, ..Append::new(room, Change::Join { person: person.clone() }) };
    seq(&store, join(&carl, later)).await;
    seq(&store, join(&ben, later.plus(Duration::from_secs(1)))).await;
    let owners = async || {
        let members = store.members(room).await.unwrap();
        members.into_iter().filter(|m| m.role == Role::Owner).map(|m| m.user.id).collect::<Vec<_>>()
    };
    for (leaving, next) in [(&anna, &carl), (&carl, &ben)] {
        seq(&store, Append::new(room, Change::Leave { person: leaving.clone() })).await;
        assert_eq!(owners().await, [next.id]);
    }
    seq(&store, Append::new(room, Change::Leave { person: ben })).await;
    assert!(owners().await.is_empty());
    // Whoever comes into an empty room keeps it.
    seq(&store, join(&anna, Timestamp::now())).await;
    seq(&store, join(&carl, Timestamp::now())).await;
    assert_eq!(owners().await, [anna.id]);
}

pub async fn a_stranger_sees_public_rooms_only(store: Arc<dyn Store>) {
    let (anna, eve) = (person("anna"), person("eve"));
    let public = room_of(&store, RoomKind::Public, &[&anna]).await;
    let private = room_of(&store, RoomKind::Private, &[&anna]).await;
    let seen = async |person, scope| {
        let views = store.views(person, scope).await.unwrap();
        let mut seen: Vec<_> = views.iter().map(|view| (view.room.id, view.member.is_some())).collect();
        seen.sort_unstable();
        seen
    };
    assert_eq!(seen(eve.id, Scope::Visible).await, [(public, false)]);
    assert_eq!(seen(eve.id, Scope::Joined).await, []);
    assert_eq!(seen(eve.id, Scope::Only(private)).await, []);
    assert_eq!(seen(anna.id, Scope::Joined).await, [(public, true), (private, true)]);
    assert_eq!(seen(anna.id, Scope::Only(private)).await, [(private, true)]);
    assert!(store.member_of(private, eve.id).await.unwrap().unwrap().1.is_none());
    assert!(store.member_of(RoomId::new(), eve.id).await.unwrap().is_none());
}

pub async fn unread_counts_what_others_said(store: Arc<dyn Store>) {
    let (anna, ben, carl) = (person("anna"), person("ben"), person("carl"));
    let room = room_of(&store, RoomKind::Public, &[&anna, &ben]).await;
    store.save_people(&[(carl.clone(), true)]).await.unwrap();
    let regretted = post(room, &ben, "regretted");
    let message = MessageId::from_uuid(regretted.id);
    for append in [
        post(room, &anna, "my own"),
        regretted,
        post(room, &ben, "news"),
        Append::new(room, Change::Join { person: carl.clone() }),
        post(room, &carl, "more news"),
        Append::new(room, Change::Delete { message, by: ben.id }),
    ] {
        seq(&store, append).await;
    }
    assert_eq!(store.unread(room, anna.id, Seq(100)).await.unwrap(), 2);
    assert_eq!(store.unread(room, anna.id, Seq(4)).await.unwrap(), 1);
    let unread = |views: Vec<crate::store::RoomView>| views[0].unread;
    assert_eq!(unread(store.views(anna.id, Scope::Joined).await.unwrap()), 2);
    // Whoever joins begins at the end.
    assert_eq!(unread(store.views(carl.id, Scope::Joined).await.unwrap()), 0);
}

pub async fn reading_never_goes_back(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna, &ben]).await;
    for said in ["one", "two", "three"] {
        seq(&store, post(room, &ben, said)).await;
    }
    let reads = async |room, person: &Person, seq| {
        store.read(&[Position { room, person: person.id, seq: Seq(seq) }]).await.unwrap().remove(0)
    };
    let upto = |seq, unread| Some(ReadUpto { seq: Seq(seq), unread });
    assert_eq!(reads(room, &anna, 2).await, upto(2, 1));
    assert_eq!(reads(room, &anna, 1).await, upto(2, 1));
    assert_eq!(reads(room, &anna, 1_000).await, upto(3, 0));
    assert_eq!(reads(room, &person("eve"), 1).await, None);
    assert_eq!(reads(RoomId::new(), &anna, 1).await, None);
}
