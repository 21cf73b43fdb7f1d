//! People and revoked sessions, as auth's events told of them.

use parlor_protocol::{auth::Person, ids::SessionId, time::Timestamp};
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::rows::{self, bytes, uuid};
use crate::store::port::Result;

pub(super) async fn all(readers: &SqlitePool) -> Result<Vec<(Person, bool)>> {
    let found = sqlx::query("SELECT id, username, name, active FROM people").fetch_all(readers).await?;
    found.iter().map(|row| Ok((rows::person(row, uuid(row, "id")?)?, row.try_get("active")?))).collect()
}

pub(super) async fn save(tx: &mut SqliteConnection, people: &[(Person, bool)]) -> Result<()> {
    for (person, active) in people {
        sqlx::query(
            "INSERT INTO people (id, username, name, active) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
             username = excluded.username, name = excluded.name, active = excluded.active",
        )
        .bind(bytes(person.id.uuid()))
        .bind(person.username.as_str())
        .bind(person.name.as_str())
        .bind(active)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

pub(super) async fn auth_state(readers: &SqlitePool) -> Result<(u64, Vec<(SessionId, Timestamp)>)> {
    let n: i64 = sqlx::query("SELECT n FROM auth_position").fetch_one(readers).await?.try_get("n")?;
    let found = sqlx::query("SELECT session, expires FROM revoked_sessions WHERE expires > ?")
        .bind(Timestamp::now().millis())
        .fetch_all(readers)
        .await?;
    let revoked = found
        .iter()
        .map(|row| Ok((SessionId::from_uuid(uuid(row, "session")?), rows::time(row, "expires")?)))
        .collect::<Result<_>>()?;
    Ok((n.unsigned_abs(), revoked))
}

pub(super) async fn advance_auth(tx: &mut SqliteConnection, n: u64, revoked: &[(SessionId, Timestamp)]) -> Result<()> {
    for (session, expires) in revoked {
        sqlx::query("INSERT INTO revoked_sessions (session, expires) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(bytes(session.uuid()))
            .bind(expires.millis())
            .execute(&mut *tx)
            .await?;
    }
    sqlx::query("DELETE FROM revoked_sessions WHERE expires <= ?")
        .bind(Timestamp::now().millis())
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE auth_position SET n = max(n, ?)")
        .bind(i64::try_from(n).unwrap_or(i64::MAX))
        .execute(tx)
        .await?;
    Ok(())
}
