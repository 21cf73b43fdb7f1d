//! What every store must do, whichever it is. Must not know any adapter.

use std::{collections::HashSet, time::Duration};

use parlor_edge::SessionToken;
use parlor_protocol::{
    auth::{AuthChange, Person},
    ids::{PersonId, SessionId},
    names::{Name, Username},
    time::Timestamp,
};

use super::port::{Hash, NewPerson, PasswordChange, Store};

/// Runs every case on a store of its own. `G` is whatever the store needs to live, as its folder.
pub(crate) async fn suite<S: Store + Clone, G>(new: impl AsyncFn() -> (S, G)) {
    for case in 0..8 {
        let (store, _guard) = new().await;
        match case {
            0 => people_are_added_once(&store).await,
            1 => an_account_is_found_by_its_username(&store).await,
            2 => a_session_lasts_until_its_end_or_expiry(&store).await,
            3 => no_session_begins_on_what_has_changed(&store).await,
            4 => a_new_password_ends_the_other_sessions(&store).await,
            5 => people_are_renamed_and_go_and_come_back(&store).await,
            6 => many_people_are_one_transaction(&store).await,
            _ => events_have_no_gaps_however_many_write(store).await,
        }
    }
}

fn hash(text: &str) -> Hash {
    Hash(text.to_owned())
}

fn new_person(username: &str) -> NewPerson {
    let person = Person {
        id: PersonId::new(),
        username: Username::parse(username).unwrap(),
        name: Name::parse(username).unwrap(),
    };
    NewPerson { person, admin: false, hash: hash("first") }
}

pub(crate) async fn added(store: &impl Store, username: &str) -> Person {
    let new = new_person(username);
    assert_eq!(store.add_people(std::slice::from_ref(&new)).await.unwrap(), [new.person.id]);
    new.person
}

async fn logged_in(store: &impl Store, person: &Person) -> SessionToken {
    let token = SessionToken::begin(person.id, Timestamp::now());
    assert!(store.begin_session(&token, &hash("first")).await.unwrap());
    token
}

/// All of them, which have the numbers from 1 on.
pub(crate) async fn changes(store: &impl Store) -> Vec<AuthChange> {
    let page = store.events(0, 100_000).await.unwrap();
    let numbers: Vec<u64> = page.events.iter().map(|event| event.n).collect();
    let expected: Vec<u64> = (1..=page.last).collect();
    assert_eq!(numbers, expected);
    page.events.into_iter().map(|event| event.change).collect()
}

fn revoked(token: &SessionToken) -> AuthChange {
    AuthChange::SessionRevoked { session: token.session, person: token.person, expires: token.expires }
}

async fn people_are_added_once(store: &impl Store) {
    assert_eq!(store.last_event().await.unwrap(), 0);
    assert!(store.add_people(&[]).await.unwrap().is_empty());
    let (ann, bob) = (new_person("ann"), new_person("bob"));
    store.add_people(std::slice::from_ref(&bob)).await.unwrap();
    let mut other_bob = new_person("bob");
    other_bob.hash = hash("other");
    let mut same_id = new_person("carol");
    same_id.person.id = bob.person.id;
    let added = store.add_people(&[other_bob, ann.clone(), same_id]).await.unwrap();
    assert_eq!(added, [ann.person.id]);
    assert_eq!(store.people().await.unwrap(), [ann.person.clone(), bob.person.clone()]);
    assert_eq!(store.account(&bob.person.username).await.unwrap().unwrap().hash, hash("first"));
    let expected = [AuthChange::PersonAdded { person: bob.person }, AuthChange::PersonAdded { person: ann.person }];
    assert_eq!(changes(store).await, expected);
}

async fn an_account_is_found_by_its_username(store: &impl Store) {
    let mut admin = new_person("root");
    admin.admin = true;
    store.add_people(&[admin.clone()]).await.unwrap();
    let account = store.account(&admin.person.username).await.unwrap().unwrap();
    assert_eq!((&account.person, account.admin, account.active), (&admin.person, true, true));
    assert_eq!(store.account(&Username::parse("nobody").unwrap()).await.unwrap(), None);
}

async fn a_session_lasts_until_its_end_or_expiry(store: &impl Store) {
    let ann = added(store, "ann").await;
    let (one, two) = (logged_in(store, &ann).await, logged_in(store, &ann).await);
    let now = Timestamp::now();
    assert_eq!(store.session(one.session, now).await.unwrap(), Some(ann.clone()));
    assert_eq!(store.session(SessionId::new(), now).await.unwrap(), None);
    assert!(store.end_session(one.session).await.unwrap());
    assert!(!store.end_session(one.session).await.unwrap());
    assert_eq!(store.session(one.session, now).await.unwrap(), None);

    let end = two.expires;
    let before = Timestamp::from_millis(end.millis() - 1);
    assert_eq!(store.session(two.session, before).await.unwrap(), Some(ann.clone()));
    assert_eq!(store.session(two.session, end).await.unwrap(), None);
    assert_eq!(store.prune(before).await.unwrap(), 0);
    assert_eq!(store.prune(end).await.unwrap(), 1);
    assert!(!store.end_session(two.session).await.unwrap());
    assert_eq!(changes(store).await, [AuthChange::PersonAdded { person: ann }, revoked(&one)]);
}

async fn no_session_begins_on_what_has_changed(store: &impl Store) {
    let ann = added(store, "ann").await;
    let token = SessionToken::begin(ann.id, Timestamp::now());
    assert!(!store.begin_session(&token, &hash("before")).await.unwrap());
    store.deactivate(&[ann.id]).await.unwrap();
    assert!(!store.begin_session(&token, &hash("first")).await.unwrap());
    let stranger = SessionToken::begin(PersonId::new(), Timestamp::now());
    assert!(!store.begin_session(&stranger, &hash("first")).await.unwrap());
    assert_eq!(store.session(token.session, Timestamp::now()).await.unwrap(), None);
}

async fn a_new_password_ends_the_other_sessions(store: &impl Store) {
    let (ann, bob) = (added(store, "ann").await, added(store, "bob").await);
    let (keep, other, bobs) =
        (logged_in(store, &ann).await, logged_in(store, &ann).await, logged_in(store, &bob).await);
    let mut change = PasswordChange { person: ann.id, old: hash("wrong"), new: hash("second"), keep: keep.session };
    assert!(!store.change_password(&change).await.unwrap());
    change.old = hash("first");
    assert!(store.change_password(&change).await.unwrap());
    assert!(!store.change_password(&change).await.unwrap());

    let now = Timestamp::now();
    assert_eq!(store.account(&ann.username).await.unwrap().unwrap().hash, hash("second"));
    assert!(store.session(keep.session, now).await.unwrap().is_some());
    assert!(store.session(other.session, now).await.unwrap().is_none());
    assert!(store.session(bobs.session, now).await.unwrap().is_some());
    assert_eq!(changes(store).await[2..], [revoked(&other)]);
}

async fn people_are_renamed_and_go_and_come_back(store: &impl Store) {
    let ann = added(store, "ann").await;
    let name = Name::parse("Ann Other").unwrap();
    let renamed = Person { name: name.clone(), ..ann.clone() };
    assert_eq!(store.rename(ann.id, &name).await.unwrap(), Some(renamed.clone()));
    assert_eq!(store.rename(PersonId::new(), &name).await.unwrap(), None);
    let session = logged_in(store, &ann).await;
    assert_eq!(store.session(session.session, Timestamp::now()).await.unwrap(), Some(renamed.clone()));

    assert_eq!(store.deactivate(&[ann.id, PersonId::new()]).await.unwrap(), [ann.id]);
    assert!(store.deactivate(&[ann.id]).await.unwrap().is_empty());
    assert_eq!(store.session(session.session, Timestamp::now()).await.unwrap(), None);
    assert!(store.people().await.unwrap().is_empty());
    assert!(!store.account(&ann.username).await.unwrap().unwrap().active);
    assert_eq!(store.reactivate(&[ann.id]).await.unwrap(), [ann.id]);
    assert!(store.reactivate(&[ann.id]).await.unwrap().is_empty());
    assert_eq!(store.session(session.session, Timestamp::now()).await.unwrap(), None);
    let expected = [
        AuthChange::PersonRenamed { person: renamed.clone() },
        AuthChange::PersonDeactivated { person: ann.id },
        revoked(&session),
        AuthChange::PersonAdded { person: renamed },
    ];
    assert_eq!(changes(store).await[1..], expected);
}

async fn many_people_are_one_transaction(store: &impl Store) {
    let people: Vec<_> = (0..1_300).map(|n| new_person(&format!("person{n}"))).collect();
    assert_eq!(store.add_people(&people).await.unwrap().len(), 1_300);
    assert!(store.add_people(&people).await.unwrap().is_empty());
    assert_eq!(changes(store).await.len(), 1_300);
    let page = store.events(1_000, 200).await.unwrap();
    assert_eq!((page.events.len(), page.events[0].n, page.last), (200, 1_001, 1_300));
    let beyond = store.events(u64::MAX, 10).await.unwrap();
    assert_eq!((beyond.events.len(), beyond.last), (0, 1_300));
}

async fn events_have_no_gaps_however_many_write<S: Store + Clone>(store: S) {
    const WRITERS: usize = 12;
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let person = added(&store, &format!("writer{n}")).await;
                for _ in 0..5 {
                    let session = logged_in(&store, &person).await;
                    assert!(store.end_session(session.session).await.unwrap());
                    assert!(store.add_people(&[new_person(&format!("writer{n}"))]).await.unwrap().is_empty());
                }
            })
        })
        .collect();
    for writer in writers {
        tokio::time::timeout(Duration::from_secs(60), writer).await.unwrap().unwrap();
    }
    let changes = changes(&store).await;
    assert_eq!(changes.len(), WRITERS * 6);
    let ended = changes.iter().filter_map(|change| match change {
        AuthChange::SessionRevoked { session, .. } => Some(*session),
        _ => None,
    });
    assert_eq!(ended.collect::<HashSet<_>>().len(), WRITERS * 5);
}
