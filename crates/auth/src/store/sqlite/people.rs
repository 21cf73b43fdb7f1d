//! People and their passwords in SQLite. Must not know how a password is hashed.

use std::collections::HashSet;

use parlor_protocol::{
    auth::{AuthChange, Person},
    ids::PersonId,
    names::{Name, Username},
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use super::{ROWS, events, failed, sessions, unreadable};
use crate::store::port::{Account, Hash, NewPerson, PasswordChange, StoreError};

/// `id`, `username`, `name`
pub(super) type PersonRow = (String, String, String);

pub(super) fn person((id, username, name): PersonRow) -> Result<Person, StoreError> {
    Ok(Person {
        id: id.parse().map_err(unreadable)?,
        username: Username::parse(&username).map_err(unreadable)?,
        name: Name::parse(&name).map_err(unreadable)?,
    })
}

pub(super) async fn add(tx: &mut SqliteConnection, people: &[NewPerson]) -> Result<Vec<PersonId>, StoreError> {
    let mut added = Vec::new();
    for part in people.chunks(ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO people (id, username, name, admin, active) ");
        insert.push_values(part, |mut row, new| {
            let Person { id, username, name } = &new.person;
            row.push_bind(id.to_string()).push_bind(username.as_str().to_owned()).push_bind(name.as_str().to_owned());
            row.push_bind(new.admin).push_bind(true);
        });
        insert.push(" ON CONFLICT DO NOTHING RETURNING id");
        let ids: Vec<String> = insert.build_query_scalar().fetch_all(&mut *tx).await.map_err(failed)?;
        let ids: HashSet<String> = ids.into_iter().collect();
        let new: Vec<&NewPerson> = part.iter().filter(|new| ids.contains(&new.person.id.to_string())).collect();
        if new.is_empty() {
            continue;
        }
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO credentials (person, hash) ");
        insert.push_values(&new, |mut row, new| {
            row.push_bind(new.person.id.to_string()).push_bind(new.hash.0.clone());
        });
        insert.build().execute(&mut *tx).await.map_err(failed)?;
        let changes: Vec<_> = new.iter().map(|new| AuthChange::PersonAdded { person: new.person.clone() }).collect();
        events::append(tx, &changes).await?;
        added.extend(new.iter().map(|new| new.person.id));
    }
    Ok(added)
}

pub(super) async fn account(readers: &SqlitePool, username: &Username) -> Result<Option<Account>, StoreError> {
    const SELECT: &str = "SELECT id, username, name, admin, active, hash \
        FROM people JOIN credentials ON person = id WHERE username = ?";
    let row: Option<(String, String, String, bool, bool, String)> =
        sqlx::query_as(SELECT).bind(username.as_str()).fetch_optional(readers).await.map_err(failed)?;
    row.map(|(id, username, name, admin, active, hash)| {
        Ok(Account { person: person((id, username, name))?, admin, active, hash: Hash(hash) })
    })
    .transpose()
}

pub(super) async fn active(readers: &SqlitePool) -> Result<Vec<Person>, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as("SELECT id, username, name FROM people WHERE active ORDER BY username")
        .fetch_all(readers)
        .await
        .map_err(failed)?;
    rows.into_iter().map(person).collect()
}

pub(super) async fn rename(tx: &mut SqliteConnection, id: PersonId, name: &Name) -> Result<Option<Person>, StoreError> {
    let row: Option<PersonRow> = sqlx::query_as("UPDATE people SET name = ? WHERE id = ? RETURNING id, username, name")
        .bind(name.as_str())
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed)?;
    let renamed = row.map(person).transpose()?;
    if let Some(person) = renamed.clone() {
        events::append(tx, &[AuthChange::PersonRenamed { person }]).await?;
    }
    Ok(renamed)
}

pub(super) async fn deactivate(tx: &mut SqliteConnection, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
    let mut gone = Vec::new();
    let mut changes = Vec::new();
    for &person in people {
        if set_active(tx, person, false).await?.is_some() {
            changes.push(AuthChange::PersonDeactivated { person });
            changes.extend(sessions::end_all(tx, person, None).await?);
            gone.push(person);
        }
    }
    events::append(tx, &changes).await?;
    Ok(gone)
}

pub(super) async fn reactivate(tx: &mut SqliteConnection, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
    let mut back = Vec::new();
    let mut changes = Vec::new();
    for &id in people {
        if let Some(person) = set_active(tx, id, true).await? {
            changes.push(AuthChange::PersonAdded { person });
            back.push(id);
        }
    }
    events::append(tx, &changes).await?;
    Ok(back)
}

/// The person, if this changes anything.
async fn set_active(tx: &mut SqliteConnection, id: PersonId, active: bool) -> Result<Option<Person>, StoreError> {
    const UPDATE: &str = "UPDATE people SET active = ?1 WHERE id = ?2 AND active <> ?1 RETURNING id, username, name";
    let row: Option<PersonRow> =
        sqlx::query_as(UPDATE).bind(active).bind(id.to_string()).fetch_optional(tx).await.map_err(failed)?;
    row.map(person).transpose()
}

pub(super) async fn change_password(tx: &mut SqliteConnection, change: &PasswordChange) -> Result<bool, StoreError> {
    let PasswordChange { person, old, new, keep } = change;
    const UPDATE: &str = "UPDATE credentials SET hash = ? WHERE person = ? AND hash = ? \
        AND EXISTS (SELECT 1 FROM people WHERE id = person AND active)";
    let update = sqlx::query(UPDATE).bind(&new.0).bind(person.to_string()).bind(&old.0);
    if update.execute(&mut *tx).await.map_err(failed)?.rows_affected() == 0 {
        return Ok(false);
    }
    let ended = sessions::end_all(tx, *person, Some(*keep)).await?;
    events::append(tx, &ended).await?;
    Ok(true)
}
