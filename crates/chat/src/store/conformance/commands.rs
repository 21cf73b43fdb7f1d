//! Promises about claims and invocations.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{
    broker::CommandSpec,
    error::ErrorCode,
    http::RoomKind,
    ids::{AuthorId, MessageId, PersonId, RoomId, Seq},
    socket::{Asked, Author, Details},
    time::Timestamp,
};

use super::{one, person, post, room_of, seq, text};
use crate::{
    log::entry::{Append, Appended, Change, EntryKind, Refused},
    store::{Begun, Claim, Claimed, NewInvocation, Outcome, Store},
};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(0).plus(Duration::from_secs(seconds))
}

fn invocation(id: MessageId, room: RoomId, asker: PersonId, deadline: Timestamp) -> NewInvocation {
    NewInvocation {
        id,
        room,
        asker,
        command: "stock".into(),
        line: "/stock x".into(),
        bot: "stock".into(),
        bot_name: "Stock".into(),
        created: at(0),
        deadline,
    }
}

fn failed(message: &str) -> Outcome {
    Outcome::Error { code: ErrorCode::CommandFailed, message: message.into() }
}

pub async fn a_command_is_held_by_one_bot_while_its_lease_lasts(store: Arc<dyn Store>) {
    let claim = |bot: &str, until: u64| Claim {
        bot: bot.into(),
        bot_name: bot.to_uppercase(),
        spec: CommandSpec { name: "quote".into(), summary: bot.into(), arguments: vec![], deadline_ms: None },
        lease_until: at(until),
    };
    assert_eq!(store.claim(&claim("a", 15), at(0)).await.unwrap(), Claimed::Yes);
    assert_eq!(store.claim(&claim("b", 25), at(10)).await.unwrap(), Claimed::HeldBy("a".into()));
    assert_eq!(store.claim(&claim("a", 25), at(10)).await.unwrap(), Claimed::Yes);
    assert_eq!(store.claim(&claim("b", 39), at(24)).await.unwrap(), Claimed::HeldBy("a".into()));
    assert_eq!(store.claims(at(24)).await.unwrap(), [claim("a", 25)]);
    assert_eq!(store.claims(at(25)).await.unwrap(), []);
    assert_eq!(store.claim(&claim("b", 40), at(25)).await.unwrap(), Claimed::Yes);
    assert_eq!(store.claims(at(26)).await.unwrap(), [claim("b", 40)]);
}

pub async fn an_invocation_is_recorded_once(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let asked = invocation(MessageId::new(), room, anna.id, at(10));
    let (one_try, other_try) = tokio::join!(store.begin(&asked), store.begin(&asked));
    let tries = [one_try.unwrap(), other_try.unwrap()];
    assert_eq!(tries.iter().filter(|begun| matches!(begun, Begun::Recorded)).count(), 1, "{tries:?}");
    assert!(tries.iter().any(|begun| matches!(begun, Begun::Known(known) if known.asked == asked)));
    // Messages and commands share one space of ids.
    let message = post(room, &anna, "hello");
    let id = MessageId::from_uuid(message.id);
    seq(&store, message).await;
    assert_eq!(store.begin(&invocation(id, room, anna.id, at(10))).await.unwrap(), Begun::IdTaken);
    let clash = Append::message(asked.id, room, anna, text("clash"));
    assert_eq!(one(&store, clash).await, Appended::Refused(Refused::IdTaken));
}

pub async fn the_first_outcome_is_the_only_one(store: Arc<dyn Store>) {
    let id = MessageId::new();
    let asked = invocation(id, RoomId::new(), PersonId::new(), at(10));
    assert!(!store.finish(id, &failed("unknown"), at(1)).await.unwrap());
    store.begin(&asked).await.unwrap();
    assert_eq!(store.invocation(id).await.unwrap().unwrap().outcome, None);
    assert!(store.finish(id, &failed("first"), at(1)).await.unwrap());
    assert!(!store.finish(id, &failed("second"), at(2)).await.unwrap());
    let known = store.invocation(id).await.unwrap().unwrap();
    assert_eq!((known.asked, known.outcome), (asked, Some(failed("first"))));
}

pub async fn a_bots_message_is_the_outcome_in_the_same_moment(store: Arc<dyn Store>) {
    let anna = person("anna");
    let room = room_of(&store, RoomKind::Public, &[&anna]).await;
    let id = MessageId::new();
    store.begin(&invocation(id, room, anna.id, at(10))).await.unwrap();
    let author = Author { id: AuthorId::Bot("stock".into()), name: "Stock".into(), bot: true };
    let details = Some(Details { source: Some("stooq".into()), ..Details::default() });
    let asked = Asked { by: Author::person(&anna), line: "/stock x".into() };
    let answer = || {
        let (author, asked, details) = (author.clone(), asked.clone(), details.clone());
        Append::new(room, Change::Answer { invocation: id, author, asked, text: text("$1.00"), details })
    };
    let (first, second) = (one(&store, answer()).await, one(&store, answer()).await);
    assert!(matches!(first, Appended::Stored(entry) if entry.seq == Seq(1)));
    assert_eq!(second, Appended::Refused(Refused::AlreadyAnswered));
    assert_eq!(store.invocation(id).await.unwrap().unwrap().outcome, Some(Outcome::Message { seq: Seq(1) }));
    assert!(!store.finish(id, &failed("late"), at(1)).await.unwrap());
    let entries = store.entries(room, Seq(0), Seq(10), 10).await.unwrap();
    let [EntryKind::Message(message)] = &entries.iter().map(|entry| entry.kind.clone()).collect::<Vec<_>>()[..] else {
        panic!("{entries:?}")
    };
    assert_eq!((&message.author, message.command_id, &message.details), (&author, Some(id), &details));
    assert_eq!(message.asked.as_deref(), Some(&asked));
    // Whose time was up gets no message.
    let late = MessageId::new();
    store.begin(&invocation(late, room, anna.id, at(10))).await.unwrap();
    store.finish(late, &failed("too late"), at(11)).await.unwrap();
    let change = Change::Answer { invocation: late, author, asked, text: text("$2.00"), details: None };
    assert_eq!(one(&store, Append::new(room, change)).await, Appended::Refused(Refused::AlreadyAnswered));
    assert_eq!(store.last_seq(room).await.unwrap(), Some(Seq(1)));
}

pub async fn overdue_ones_are_found_and_old_ones_forgotten(store: Arc<dyn Store>) {
    let ids: Vec<_> = (0..3).map(|_| MessageId::new()).collect();
    for (id, deadline) in ids.iter().zip([10, 20, 30]) {
        store.begin(&invocation(*id, RoomId::new(), PersonId::new(), at(deadline))).await.unwrap();
    }
    let overdue = async |now| {
        let found = store.overdue(at(now), 10).await.unwrap();
        found.iter().map(|invocation| invocation.asked.id).collect::<Vec<_>>()
    };
    assert_eq!(overdue(9).await, []);
    assert_eq!(overdue(20).await, ids[..2]);
    assert_eq!(store.next_deadline().await.unwrap(), Some(at(10)));
    store.finish(ids[0], &failed("over"), at(11)).await.unwrap();
    assert_eq!(overdue(20).await, ids[1..2]);
    assert_eq!(store.next_deadline().await.unwrap(), Some(at(20)));
    assert_eq!(store.forget_invocations(at(11), 10).await.unwrap(), 0);
    assert_eq!(store.forget_invocations(at(12), 10).await.unwrap(), 1);
    assert_eq!(store.forget_invocations(at(12), 10).await.unwrap(), 0);
    assert_eq!(store.invocation(ids[0]).await.unwrap().unwrap().outcome, Some(Outcome::Forgotten));
    let again = invocation(ids[0], RoomId::new(), PersonId::new(), at(10));
    assert!(matches!(store.begin(&again).await.unwrap(), Begun::Known(_)), "it never runs twice");
    assert!(store.invocation(ids[1]).await.unwrap().is_some());
}
