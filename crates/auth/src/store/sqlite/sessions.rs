//! Sessions in SQLite: a row from login to its end. Must not know how they travel.

use parlor_edge::SessionToken;
use parlor_protocol::{
    auth::{AuthChange, Person},
    ids::{PersonId, SessionId},
    time::Timestamp,
};
use sqlx::{SqliteConnection, SqlitePool};

use super::{
    events, failed,
    people::{PersonRow, person as to_person},
    unreadable,
};
use crate::store::port::{Hash, StoreError};

pub(super) async fn begin(tx: &mut SqliteConnection, token: &SessionToken, hash: &Hash) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO sessions (id, person, expires) SELECT ?, id, ? \
        FROM people JOIN credentials ON person = id WHERE id = ? AND active AND hash = ?";
    let insert = sqlx::query(INSERT)
        .bind(token.session.to_string())
        .bind(token.expires.millis())
        .bind(token.person.to_string())
        .bind(&hash.0);
    Ok(insert.execute(tx).await.map_err(failed)?.rows_affected() == 1)
}

pub(super) async fn person(
    readers: &SqlitePool,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<Person>, StoreError> {
    const SELECT: &str = "SELECT people.id, username, name FROM sessions JOIN people ON people.id = person \
        WHERE sessions.id = ? AND expires > ? AND active";
    let select = sqlx::query_as::<_, PersonRow>(SELECT).bind(session.to_string()).bind(now.millis());
    select.fetch_optional(readers).await.map_err(failed)?.map(to_person).transpose()
}

pub(super) async fn end(tx: &mut SqliteConnection, session: SessionId) -> Result<bool, StoreError> {
    let row: Option<(String, String, i64)> =
        sqlx::query_as("DELETE FROM sessions WHERE id = ? RETURNING id, person, expires")
            .bind(session.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(failed)?;
    let Some(row) = row else { return Ok(false) };
    events::append(tx, &[revoked(row)?]).await?;
    Ok(true)
}

/// The person's sessions but the kept one; what is to be told of it is the caller's to append.
pub(super) async fn end_all(
    tx: &mut SqliteConnection,
    person: PersonId,
    keep: Option<SessionId>,
) -> Result<Vec<AuthChange>, StoreError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("DELETE FROM sessions WHERE person = ? AND id IS NOT ? RETURNING id, person, expires")
            .bind(person.to_string())
            .bind(keep.map(|session| session.to_string()))
            .fetch_all(tx)
            .await
            .map_err(failed)?;
    rows.into_iter().map(revoked).collect()
}

fn revoked((session, person, expires): (String, String, i64)) -> Result<AuthChange, StoreError> {
    Ok(AuthChange::SessionRevoked {
        session: session.parse().map_err(unreadable)?,
        person: person.parse().map_err(unreadable)?,
        expires: Timestamp::from_millis(expires),
    })
}

pub(super) async fn prune(writer: &SqlitePool, now: Timestamp) -> Result<u64, StoreError> {
    let delete = sqlx::query("DELETE FROM sessions WHERE expires <= ?").bind(now.millis());
    Ok(delete.execute(writer).await.map_err(failed)?.rows_affected())
}
