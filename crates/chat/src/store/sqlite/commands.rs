//! Claims on commands, and invocations with their one outcome.

use anyhow::Context as _;
use parlor_protocol::{
    ids::{MessageId, PersonId, RoomId},
    time::Timestamp,
};
use sqlx::{Row as _, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::rows::{bytes, time, uuid};
use crate::store::port::{Begun, Claim, Claimed, Invocation, NewInvocation, Outcome, Result};

pub(super) async fn claim(tx: &mut SqliteConnection, claim: &Claim, now: Timestamp) -> Result<Claimed> {
    let taken = sqlx::query(
        "INSERT INTO claims (command, bot, bot_name, spec, lease_until) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (command) DO UPDATE SET bot = ?2, bot_name = ?3, spec = ?4, lease_until = max(lease_until, ?5) \
         WHERE claims.bot = ?2 OR claims.lease_until <= ?6",
    )
    .bind(&claim.spec.name)
    .bind(&claim.bot)
    .bind(&claim.bot_name)
    .bind(serde_json::to_string(&claim.spec).context("a command's specification")?)
    .bind(claim.lease_until.millis())
    .bind(now.millis())
    .execute(&mut *tx)
    .await?;
    if taken.rows_affected() > 0 {
        return Ok(Claimed::Yes);
    }
    let row = sqlx::query("SELECT bot FROM claims WHERE command = ?").bind(&claim.spec.name).fetch_one(tx).await?;
    Ok(Claimed::HeldBy(row.try_get("bot")?))
}

pub(super) async fn claims(readers: &SqlitePool, now: Timestamp) -> Result<Vec<Claim>> {
    let found =
        sqlx::query("SELECT bot, bot_name, spec, lease_until FROM claims WHERE lease_until > ? ORDER BY command")
            .bind(now.millis())
            .fetch_all(readers)
            .await?;
    found
        .iter()
        .map(|row| {
            Ok(Claim {
                bot: row.try_get("bot")?,
                bot_name: row.try_get("bot_name")?,
                spec: serde_json::from_str(row.try_get("spec")?).context("a command's specification")?,
                lease_until: time(row, "lease_until")?,
            })
        })
        .collect()
}

pub(super) async fn begin(tx: &mut SqliteConnection, asked: &NewInvocation) -> Result<Begun> {
    if let Some(known) = invocation(tx, asked.id).await? {
        return Ok(Begun::Known(Box::new(known)));
    }
    let message =
        sqlx::query("SELECT 1 FROM entries WHERE id = ?").bind(bytes(asked.id.uuid())).fetch_optional(&mut *tx).await?;
    if message.is_some() {
        return Ok(Begun::IdTaken);
    }
    sqlx::query(
        "INSERT INTO invocations (id, room, asker, command, line, bot, bot_name, created, deadline) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(bytes(asked.id.uuid()))
    .bind(bytes(asked.room.uuid()))
    .bind(bytes(asked.asker.uuid()))
    .bind(&asked.command)
    .bind(&asked.line)
    .bind(&asked.bot)
    .bind(&asked.bot_name)
    .bind(asked.created.millis())
    .bind(asked.deadline.millis())
    .execute(tx)
    .await?;
    Ok(Begun::Recorded)
}

pub(super) async fn invocation(connection: &mut SqliteConnection, id: MessageId) -> Result<Option<Invocation>> {
    let row = sqlx::query(
        "SELECT id, room, asker, command, line, bot, bot_name, created, deadline, outcome FROM invocations WHERE id = ?",
    )
    .bind(bytes(id.uuid()))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &SqliteRow) -> Result<Invocation> {
    let outcome: Option<&str> = row.try_get("outcome")?;
    Ok(Invocation {
        asked: NewInvocation {
            id: MessageId::from_uuid(uuid(row, "id")?),
            room: RoomId::from_uuid(uuid(row, "room")?),
            asker: PersonId::from_uuid(uuid(row, "asker")?),
            command: row.try_get("command")?,
            line: row.try_get("line")?,
            bot: row.try_get("bot")?,
            bot_name: row.try_get("bot_name")?,
            created: time(row, "created")?,
            deadline: time(row, "deadline")?,
        },
        outcome: outcome.map(serde_json::from_str).transpose().context("an invocation's outcome")?,
    })
}

pub(super) async fn is_open(tx: &mut SqliteConnection, id: MessageId) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM invocations WHERE id = ? AND outcome IS NULL")
        .bind(bytes(id.uuid()))
        .fetch_optional(tx)
        .await?;
    Ok(row.is_some())
}

pub(super) async fn finish(tx: &mut SqliteConnection, id: MessageId, outcome: &Outcome, at: Timestamp) -> Result<bool> {
    let set = sqlx::query("UPDATE invocations SET outcome = ?, finished = ? WHERE id = ? AND outcome IS NULL")
        .bind(serde_json::to_string(outcome).context("an outcome")?)
        .bind(at.millis())
        .bind(bytes(id.uuid()))
        .execute(tx)
        .await?;
    Ok(set.rows_affected() > 0)
}

pub(super) async fn overdue(readers: &SqlitePool, now: Timestamp, limit: u32) -> Result<Vec<Invocation>> {
    let found = sqlx::query(
        "SELECT id, room, asker, command, line, bot, bot_name, created, deadline, outcome FROM invocations \
         WHERE outcome IS NULL AND deadline <= ? ORDER BY deadline LIMIT ?",
    )
    .bind(now.millis())
    .bind(limit)
    .fetch_all(readers)
    .await?;
    found.iter().map(from_row).collect()
}

pub(super) async fn next_deadline(readers: &SqlitePool) -> Result<Option<Timestamp>> {
    let row =
        sqlx::query("SELECT min(deadline) AS next FROM invocations WHERE outcome IS NULL").fetch_one(readers).await?;
    Ok(row.try_get::<Option<i64>, _>("next")?.map(Timestamp::from_millis))
}

pub(super) async fn forget(tx: &mut SqliteConnection, before: Timestamp, limit: u32) -> Result<u64> {
    let gone = sqlx::query(
        "UPDATE invocations SET outcome = ?, line = '', finished = NULL WHERE id IN \
         (SELECT id FROM invocations WHERE outcome IS NOT NULL AND finished < ? LIMIT ?)",
    )
    .bind(serde_json::to_string(&Outcome::Forgotten).context("an outcome")?)
    .bind(before.millis())
    .bind(limit)
    .execute(tx)
    .await?;
    Ok(gone.rows_affected())
}
