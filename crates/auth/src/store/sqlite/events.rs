//! The event log in SQLite: numbers without gaps, taken under the write lock. Must not know what the events say.

use parlor_protocol::auth::{AuthChange, AuthEvent, AuthEvents};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};

use super::{ROWS, failed, unreadable};
use crate::store::port::StoreError;

/// Within a transaction that has the write lock.
pub(super) async fn append(tx: &mut SqliteConnection, changes: &[AuthChange]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let mut n = number(last(tx).await?);
    for part in changes.chunks(ROWS) {
        let mut rows = Vec::with_capacity(part.len());
        for change in part {
            n += 1;
            rows.push((n, serde_json::to_string(change).map_err(unreadable)?));
        }
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO events (n, change) ");
        insert.push_values(rows, |mut row, (n, change)| {
            row.push_bind(n).push_bind(change);
        });
        insert.build().execute(&mut *tx).await.map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn last(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let last: i64 =
        sqlx::query_scalar("SELECT COALESCE(MAX(n), 0) FROM events").fetch_one(connection).await.map_err(failed)?;
    u64::try_from(last).map_err(unreadable)
}

pub(super) async fn after(readers: &SqlitePool, after: u64, limit: u32) -> Result<AuthEvents, StoreError> {
    // One transaction, so that `last` belongs to the same moment as the page.
    let mut tx = readers.begin().await.map_err(failed)?;
    let last = last(&mut tx).await?;
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT n, change FROM events WHERE n > ? ORDER BY n LIMIT ?")
        .bind(number(after))
        .bind(limit)
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
    let mut events = Vec::with_capacity(rows.len());
    for (n, change) in rows {
        let n = u64::try_from(n).map_err(unreadable)?;
        events.push(AuthEvent { n, change: serde_json::from_str(&change).map_err(unreadable)? });
    }
    Ok(AuthEvents { events, last })
}

/// SQLite's integers have a sign; a number beyond them stands after every event.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
