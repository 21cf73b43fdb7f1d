//! Promises about the log.

use std::{collections::BTreeSet, sync::Arc};

use parlor_protocol::{
    http::RoomKind,
    ids::{MessageId, RoomId, Seq},
    text::Topic,
};

use super::{one, person, post, room_of, seq, text};
use crate::{
    log::entry::{Append, Appended, Change, EntryKind, Refused},
    store::{Page, Store},
};

pub async fn numbers_have_no_gaps_and_each_id_counts_once(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let first = post(room, &anna, "one");
    assert_eq!(seq(&store, first.clone()).await, Seq(1));
    assert_eq!(seq(&store, post(room, &anna, "two")).await, Seq(2));
    assert_eq!(one(&store, first).await, Appended::Repeat(Seq(1)));
    assert_eq!(seq(&store, post(room, &anna, "three")).await, Seq(3));
    assert_eq!(store.last_seq(room).await.unwrap(), Some(Seq(3)));
    assert_eq!(store.last_seq(RoomId::new()).await.unwrap(), None);
}

pub async fn a_batch_may_repeat_itself(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let (a, b) = (post(room, &anna, "a"), post(room, &anna, "b"));
    let kept = store.append(&[a.clone(), b.clone(), a.clone()]).await.unwrap();
    assert!(matches!(&kept[..], [Appended::Stored(_), Appended::Stored(_), Appended::Repeat(Seq(1))]), "{kept:?}");
    // A connection lost at commit: the same batch again, and nothing new happens.
    let again = store.append(&[a, b]).await.unwrap();
    assert_eq!(again, [Appended::Repeat(Seq(1)), Appended::Repeat(Seq(2))]);
}

pub async fn only_members_write(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let leave = Append::new(room, Change::Leave { person: anna.clone() });
    let batch = [
        post(room, &anna, "in"),
        post(room, &ben, "never in"),
        leave,
        post(room, &anna, "out"),
        post(RoomId::new(), &anna, "nowhere"),
    ];
    let kept = store.append(&batch).await.unwrap();
    assert!(matches!(&kept[0], Appended::Stored(entry) if entry.seq == Seq(1)));
    assert_eq!(kept[1], Appended::Refused(Refused::NotAMember));
    assert!(matches!(&kept[2], Appended::Stored(entry) if entry.seq == Seq(2)));
    assert_eq!(kept[3], Appended::Refused(Refused::NotAMember));
    assert_eq!(kept[4], Appended::Refused(Refused::NoSuchRoom));
    assert_eq!(store.last_seq(room).await.unwrap(), Some(Seq(2)));
}

pub async fn ids_of_others_are_taken(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna, &ben]).await;
    let other = room_of(&store, RoomKind::Private, &[&anna, &ben]).await;
    let id = MessageId::new();
    let said = |room, author: &parlor_protocol::auth::Person| Append::message(id, room, author.clone(), text("x"));
    assert_eq!(seq(&store, said(room, &anna)).await, Seq(1));
    assert_eq!(one(&store, said(room, &ben)).await, Appended::Refused(Refused::IdTaken));
    assert_eq!(one(&store, said(other, &anna)).await, Appended::Refused(Refused::IdTaken));
    assert_eq!(store.posted(id, room, anna.id).await.unwrap(), Some(Seq(1)));
    assert_eq!(store.posted(id, room, ben.id).await.unwrap(), None);
    assert_eq!(store.posted(id, other, anna.id).await.unwrap(), None);
}

pub async fn parallel_batches_share_no_number(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let batches = (0..8).map(|_| {
        let batch: Vec<_> = (0..25).map(|n| post(room, &anna, &n.to_string())).collect();
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.append(&batch).await.unwrap() })
    });
    let mut numbers = BTreeSet::new();
    for batch in futures_util::future::join_all(batches).await {
        for appended in batch.unwrap() {
            let Appended::Stored(entry) = appended else { panic!("{appended:?}") };
            assert!(numbers.insert(entry.seq), "{} came twice", entry.seq);
        }
    }
    assert_eq!(numbers, (1..=200).map(Seq).collect());
}

pub async fn entries_come_in_their_present_state(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    store.save_people(&[(ben.clone(), true)]).await.unwrap();
    let (kept, gone) = (post(room, &anna, "first"), post(room, &anna, "secret"));
    let (kept_id, gone_id) = (MessageId::from_uuid(kept.id), MessageId::from_uuid(gone.id));
    let edit = |message, said: &str| Append::new(room, Change::Edit { message, by: anna.id, text: text(said) });
    let topic = Topic::parse("lunch").unwrap();
    let batch = [
        kept,
        gone,
        edit(kept_id, "second"),
        edit(gone_id, "still secret"),
        edit(kept_id, "third"),
        Append::new(room, Change::Delete { message: gone_id, by: anna.id }),
        Append::new(room, Change::Join { person: ben.clone() }),
        Append::new(room, Change::Topic { by: anna.clone(), topic: topic.clone() }),
        Append::new(room, Change::Leave { person: ben.clone() }),
    ];
    let kept = store.append(&batch).await.unwrap();
    assert!(kept.iter().all(|one| matches!(one, Appended::Stored(_))), "{kept:?}");
    let entries = store.entries(room, Seq(0), Seq(100), 100).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    let kinds: Vec<_> = entries.into_iter().map(|entry| entry.kind).collect();
    assert!(matches!(&kinds[0], EntryKind::Message(m) if m.text == "third" && m.edited.is_some() && !m.deleted));
    assert!(matches!(&kinds[1], EntryKind::Message(m) if m.text.is_empty() && m.deleted));
    assert!(
        matches!(&kinds[2], EntryKind::MessageEdited { message, text, .. } if *message == kept_id && text == "third")
    );
    assert!(
        matches!(&kinds[3], EntryKind::MessageEdited { message, text, .. } if *message == gone_id && text.is_empty())
    );
    assert!(matches!(&kinds[5], EntryKind::MessageDeleted { message } if *message == gone_id));
    assert!(matches!(&kinds[6], EntryKind::MemberJoined { user } if *user == ben));
    assert!(matches!(&kinds[7], EntryKind::RoomChanged { changes, .. } if changes.topic.as_deref() == Some("lunch")));
    assert!(matches!(&kinds[8], EntryKind::MemberLeft { user } if *user == ben));
    let some = store.entries(room, Seq(2), Seq(5), 2).await.unwrap();
    assert_eq!(some.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [3, 4]);
    let same = Append::new(room, Change::Topic { by: anna, topic });
    assert_eq!(one(&store, same).await, Appended::Unchanged);
}

pub async fn pages_are_cut_exactly(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    for n in 1..=10 {
        seq(&store, post(room, &anna, &n.to_string())).await;
    }
    let page = async |page, limit| {
        let (messages, more, last) = store.history(room, page, limit).await.unwrap();
        assert_eq!(last, Seq(10));
        (messages.iter().map(|message| message.seq.0).collect::<Vec<_>>(), more)
    };
    assert_eq!(page(Page::Latest, 4).await, (vec![7, 8, 9, 10], true));
    assert_eq!(page(Page::Latest, 10).await, ((1..=10).collect(), false));
    assert_eq!(page(Page::Before(Seq(4)), 2).await, (vec![2, 3], true));
    assert_eq!(page(Page::Before(Seq(3)), 2).await, (vec![1, 2], false));
    assert_eq!(page(Page::Before(Seq(1)), 2).await, (vec![], false));
    assert_eq!(page(Page::After(Seq(7)), 2).await, (vec![8, 9], true));
    assert_eq!(page(Page::After(Seq(8)), 2).await, (vec![9, 10], false));
    assert_eq!(page(Page::After(Seq(10)), 2).await, (vec![], false));
}

pub async fn only_the_author_changes_a_message(store: Arc<dyn Store>) {
    let (anna, ben) = (person("anna"), person("ben"));
    let room = room_of(&store, RoomKind::Public, &[&anna, &ben]).await;
    let other = room_of(&store, RoomKind::Public, &[&anna]).await;
    let said = post(room, &anna, "mine");
    let message = MessageId::from_uuid(said.id);
    seq(&store, said).await;
    let edit = |room, by| Append::new(room, Change::Edit { message, by, text: text("x") });
    let delete = |room, by| Append::new(room, Change::Delete { message, by });
    assert_eq!(one(&store, edit(room, ben.id)).await, Appended::Refused(Refused::NotTheAuthor));
    assert_eq!(one(&store, delete(room, ben.id)).await, Appended::Refused(Refused::NotTheAuthor));
    assert_eq!(one(&store, edit(other, anna.id)).await, Appended::Refused(Refused::NoSuchMessage));
    assert!(matches!(one(&store, delete(room, anna.id)).await, Appended::Stored(_)));
    assert_eq!(one(&store, delete(room, anna.id)).await, Appended::Refused(Refused::NoSuchMessage));
    assert_eq!(one(&store, edit(room, anna.id)).await, Appended::Refused(Refused::MessageDeleted));
    assert_eq!(store.last_seq(room).await.unwrap(), Some(Seq(2)));
}

pub async fn a_long_run_is_kept_whole(store: Arc<dyn Store>) {
    let anna = person("anna");
    let rooms = [
        room_of(&store, RoomKind::Public, &[&anna]).await,
        room_of(&store, RoomKind::Private, &[&anna]).await,
        room_of(&store, RoomKind::Private, &[&anna]).await,
    ];
    // Neither a power of two nor a multiple of anything.
    let batch: Vec<_> = (0..509).map(|n| post(rooms[n % 3], &anna, &format!("{n} é"))).collect();
    assert!(store.append(&batch).await.unwrap().iter().all(|one| matches!(one, Appended::Stored(_))));
    for (i, room) in rooms.into_iter().enumerate() {
        let entries = store.entries(room, Seq(0), Seq(1_000), 1_000).await.unwrap();
        let texts = entries.into_iter().map(|entry| match entry.kind {
            EntryKind::Message(message) => message.text,
            other => panic!("{other:?}"),
        });
        let expected = (0..509).filter(|n| n % 3 == i).map(|n| format!("{n} é"));
        assert!(texts.eq(expected));
    }
}
