//! Reading the log: entries for those who were away, pages of messages for those who scroll.

use parlor_protocol::{
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::Message,
};
use sqlx::{SqliteConnection, SqlitePool};

use super::rows::{self, bytes, int, select_entries};
use crate::{
    log::entry::Entry,
    store::port::{Page, Result},
};

pub(super) async fn entries(
    readers: &SqlitePool,
    room: RoomId,
    after: Seq,
    upto: Seq,
    limit: u32,
) -> Result<Vec<Entry>> {
    let found = sqlx::query(select_entries!("e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?"))
        .bind(bytes(room.uuid()))
        .bind(int(after))
        .bind(int(upto))
        .bind(limit)
        .fetch_all(readers)
        .await?;
    found.iter().map(|row| rows::entry(row, room)).collect()
}

pub(super) async fn last_seq(readers: &SqlitePool, room: RoomId) -> Result<Option<Seq>> {
    let row =
        sqlx::query("SELECT last_seq FROM rooms WHERE id = ?").bind(bytes(room.uuid())).fetch_optional(readers).await?;
    row.map(|row| rows::seq(&row, "last_seq")).transpose()
}

/// `moment` is a transaction: the page and the last number belong together.
pub(super) async fn page(
    moment: &mut SqliteConnection,
    room: RoomId,
    page: Page,
    limit: u32,
) -> Result<(Vec<Message>, bool, Seq)> {
    let last =
        sqlx::query("SELECT last_seq FROM rooms WHERE id = ?").bind(bytes(room.uuid())).fetch_one(&mut *moment).await?;
    let last = rows::seq(&last, "last_seq")?;
    let (sql, bound) = match page {
        Page::Latest => (OLDER, i64::MAX),
        Page::Before(seq) => (OLDER, int(seq)),
        Page::After(seq) => (NEWER, int(seq)),
    };
    // One more than asked for tells whether there are more.
    let found = sqlx::query(sql)
        .bind(bytes(room.uuid()))
        .bind(bound)
        .bind(i64::from(limit) + 1)
        .fetch_all(&mut *moment)
        .await?;
    let has_more = found.len() > limit as usize;
    let kept = found.iter().take(limit as usize).map(|row| rows::message(row, room));
    let mut messages = kept.collect::<Result<Vec<_>>>()?;
    if !matches!(page, Page::After(_)) {
        messages.reverse();
    }
    Ok((messages, has_more, last))
}

const OLDER: &str = select_entries!("e.kind = 'message' AND e.seq < ? ORDER BY e.seq DESC LIMIT ?");
const NEWER: &str = select_entries!("e.kind = 'message' AND e.seq > ? ORDER BY e.seq LIMIT ?");

pub(super) async fn posted(readers: &SqlitePool, id: MessageId, room: RoomId, author: PersonId) -> Result<Option<Seq>> {
    let row = sqlx::query(
        "SELECT e.seq FROM entries e JOIN rooms r ON r.number = e.room \
         WHERE e.id = ? AND r.id = ? AND e.person = ? AND e.kind = 'message'",
    )
    .bind(bytes(id.uuid()))
    .bind(bytes(room.uuid()))
    .bind(bytes(author.uuid()))
    .fetch_optional(readers)
    .await?;
    row.map(|row| rows::seq(&row, "seq")).transpose()
}
