//! Promises about people and sessions.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{
    http::RoomKind,
    ids::{Seq, SessionId},
    names::Name,
    time::Timestamp,
};

use super::{person, post, room_of, seq};
use crate::{
    log::entry::EntryKind,
    store::{Page, Store},
};

pub async fn people_are_remembered_under_their_present_name(store: Arc<dyn Store>) {
    let mut anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    seq(&store, post(room, &anna, "hello")).await;
    anna.name = Name::parse("Anna Maria").unwrap();
    store.save_people(&[(anna.clone(), false)]).await.unwrap();
    assert_eq!(store.people().await.unwrap(), [(anna.clone(), false)]);
    let (messages, ..) = store.history(room, Page::Latest, 10).await.unwrap();
    assert_eq!(messages[0].author.name, "Anna Maria");
    let entries = store.entries(room, Seq(0), Seq(10), 10).await.unwrap();
    assert!(matches!(&entries[0].kind, EntryKind::Message(message) if message.author.name == "Anna Maria"));
    assert_eq!(store.members(room).await.unwrap()[0].user, anna);
}

pub async fn revocations_and_the_position_last(store: Arc<dyn Store>) {
    assert_eq!(store.auth_state().await.unwrap(), (0, vec![]));
    let later = Timestamp::now().plus(Duration::from_secs(60));
    let (live, dead) = (SessionId::new(), SessionId::new());
    let long_ago = Timestamp::from_millis(1);
    store.advance_auth(7, &[(live, later), (dead, long_ago)]).await.unwrap();
    store.advance_auth(7, &[(live, later)]).await.unwrap();
    store.advance_auth(5, &[]).await.unwrap();
    assert_eq!(store.auth_state().await.unwrap(), (7, vec![(live, later)]));
}
