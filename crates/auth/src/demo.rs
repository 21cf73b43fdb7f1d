//! The people of demo mode: there while it is on, gone while it is not. Must not know how demo mode is guarded.

use std::collections::HashSet;

use parlor_protocol::{demo, http::Password, ids::PersonId};

use crate::{
    password::Passwords,
    store::port::{NewPerson, Store},
};

/// Adds those who are missing, however many processes do so at once.
pub(crate) async fn seed(store: &impl Store, passwords: &Passwords, more: u32) -> anyhow::Result<()> {
    anyhow::ensure!(more <= demo::MOST_MORE_PEOPLE, "at most {} more demo people", demo::MOST_MORE_PEOPLE);
    let there: HashSet<PersonId> = store.people().await?.into_iter().map(|person| person.id).collect();
    let missing: Vec<_> = demo::people(more).filter(|person| !there.contains(&person.id)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let turn = passwords.turn().await.map_err(|_| anyhow::anyhow!("too many passwords are being hashed already"))?;
    // Everybody knows the password, so one hash for all gives nothing away, and 10,000 people take no longer than one.
    let hash = turn.hash(Password(demo::PASSWORD.to_owned())).await?;
    let new = |person| NewPerson { person, admin: false, hash: hash.clone() };
    let people: Vec<_> = missing.into_iter().map(new).collect();
    let added: HashSet<PersonId> = store.add_people(&people).await?.into_iter().collect();
    let rest: Vec<PersonId> = people.iter().map(|new| new.person.id).filter(|id| !added.contains(id)).collect();
    let back = store.reactivate(&rest).await?.len();
    tracing::info!(added = added.len(), back, "demo people are there");
    Ok(())
}

/// Outside demo mode nobody may log in with a password that everybody knows.
pub(crate) async fn leave(store: &impl Store) -> anyhow::Result<()> {
    let ids = store.people().await?.into_iter().map(|person| person.id);
    let demo: Vec<PersonId> = ids.filter(|id| is_demo(*id)).collect();
    if demo.is_empty() {
        return Ok(());
    }
    let gone = store.deactivate(&demo).await?.len();
    tracing::info!(gone, "demo people are gone with demo mode");
    Ok(())
}

/// Their ids stand in a row, long before those of any real person.
fn is_demo(id: PersonId) -> bool {
    let number = |id: PersonId| id.uuid().as_u128();
    let first = demo::people(0).next().map(|person| number(person.id));
    let more = u128::from(demo::MOST_MORE_PEOPLE);
    first.is_some_and(|first| (first..first + demo::NAMES.len() as u128 + more).contains(&number(id)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test(flavor = "multi_thread")]
    async fn ten_thousand_are_there_soon_and_once_however_many_start_together() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.db");
        let begun = Instant::now();
        let seed_once = async |file| {
            let store = SqliteStore::open(file).await.unwrap();
            seed(&store, &Passwords::new().await.unwrap(), 10_000).await.unwrap();
            store
        };
        let (store, ..) = tokio::join!(seed_once(&file), seed_once(&file), seed_once(&file));
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert_eq!(store.people().await.unwrap().len(), 10_003);
        assert_eq!(store.last_event().await.unwrap(), 10_003);
    }

    #[tokio::test]
    async fn they_go_with_demo_mode_and_come_back_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("auth.db")).await.unwrap();
        let passwords = Passwords::new().await.unwrap();
        seed(&store, &passwords, 1).await.unwrap();
        let real = crate::Account::new("zoe", None, Password("her own password".into()), false).unwrap();
        let zoe = crate::People::of(store.clone()).add(real).await.unwrap();

        leave(&store).await.unwrap();
        leave(&store).await.unwrap();
        assert_eq!(store.people().await.unwrap(), [zoe]);
        seed(&store, &passwords, 1).await.unwrap();
        assert_eq!(store.people().await.unwrap().len(), 5);
        assert_eq!(store.last_event().await.unwrap(), 4 + 1 + 4 + 4);
    }
}
