//! The store on SQLite: one writer, a few readers, write-ahead log, every commit synced to disk.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use parlor_protocol::{
    auth::Person,
    http::Member,
    ids::{MessageId, PersonId, RoomId, Seq, SessionId},
    socket::Message,
    time::Timestamp,
};
use sqlx::{
    ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::port::{
    Begun, Claim, Claimed, Invocation, MemberOf, NewInvocation, Opened, Outcome, Page, Position, ReadUpto, Result,
    Room, RoomView, Scope, Store, StoreError,
};
use crate::log::entry::{Append, Appended, Entry};

mod append;
mod commands;
mod history;
mod people;
mod reading;
mod rooms;
mod rows;

/// A database file of the chat's own.
#[derive(Debug)]
pub struct SqliteStore {
    /// The one connection that writes; none once it is closed.
    writer: Mutex<Option<SqliteConnection>>,
    writing: SqliteConnectOptions,
    readers: SqlitePool,
}

/// Readers at once; each is a thread with a cache of its own.
const READERS: u32 = 4;

impl SqliteStore {
    /// Opens the file, making and migrating it as needed.
    ///
    /// # Errors
    /// If it cannot be opened, or is newer than this program.
    pub async fn open(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode only FULL survives a power cut: an ack must mean durable.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .pragma("wal_autocheckpoint", "4000")
            .statement_cache_capacity(64);
        let file_of = file.to_owned();
        tokio::task::spawn_blocking(move || make_private(&file_of))
            .await?
            .with_context(|| format!("cannot make the chat's database {}", file.display()))?;
        let at = || format!("cannot open the chat's database {}", file.display());
        let writing = options.clone().foreign_keys(true).pragma("cache_size", "-65536");
        let mut writer = writing.connect().await.with_context(at)?;
        sqlx::migrate!("src/store/migrations").run(&mut writer).await.with_context(at)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(1)
            .idle_timeout(Duration::from_secs(60))
            .connect_with(options.read_only(true).pragma("cache_size", "-8192"))
            .await
            .with_context(at)?;
        Ok(Self { writer: Mutex::new(Some(writer)), writing, readers })
    }

    /// The connection that writes, for one at a time. No pool stands before it, which would ask the connection before
    /// and after each use whether it is there.
    async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>> {
        let writer = self.writer.lock().await;
        MutexGuard::try_map(writer, Option::as_mut).map_err(|_| StoreError(anyhow!("the store is closed")))
    }
    /// Whether the connection that writes is there; a new one takes its place if not.
    async fn ping_writer(&self) -> Result<()> {
        let mut writer = self.writer().await?;
        if writer.ping().await.is_err() {
            *writer = self.writing.connect().await?;
        }
        Ok(())
    }
    /// A transaction that sees one moment.
    async fn read_moment(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.readers.begin().await
    }
}

/// A transaction that holds the write lock from its first statement.
async fn begin(writer: &mut SqliteConnection) -> sqlx::Result<Transaction<'_, Sqlite>> {
    writer.begin_with("BEGIN IMMEDIATE").await
}

/// Makes the file, if it is not there, for the eyes of its owner only. SQLite gives its log the same mode.
fn make_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self(error.into())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Appended>> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let answers = append::append(&mut tx, batch).await?;
        tx.commit().await?;
        Ok(answers)
    }
    async fn entries(&self, room: RoomId, after: Seq, upto: Seq, limit: u32) -> Result<Vec<Entry>> {
        history::entries(&self.readers, room, after, upto, limit).await
    }
    async fn last_seq(&self, room: RoomId) -> Result<Option<Seq>> {
        history::last_seq(&self.readers, room).await
    }
    async fn history(&self, room: RoomId, page: Page, limit: u32) -> Result<(Vec<Message>, bool, Seq)> {
        let mut moment = self.read_moment().await?;
        history::page(&mut moment, room, page, limit).await
    }
    async fn posted(&self, id: MessageId, room: RoomId, author: PersonId) -> Result<Option<Seq>> {
        history::posted(&self.readers, id, room, author).await
    }

    async fn create_room(&self, room: &Room, founders: &[PersonId]) -> Result<Opened> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let opened = rooms::create(&mut tx, room, founders).await?;
        tx.commit().await?;
        Ok(opened)
    }
    async fn direct_room(&self, room: &Room, one: PersonId, other: PersonId) -> Result<Opened> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let opened = rooms::direct(&mut tx, room, one, other).await?;
        tx.commit().await?;
        Ok(opened)
    }
    async fn room(&self, room: RoomId) -> Result<Option<Room>> {
        rooms::room(&self.readers, room).await
    }
    async fn member_of(&self, room: RoomId, person: PersonId) -> Result<Option<(Room, Option<MemberOf>)>> {
        rooms::member_of(&self.readers, room, person).await
    }
    async fn rooms_of(&self, person: PersonId) -> Result<Vec<RoomId>> {
        rooms::rooms_of(&self.readers, person).await
    }
    async fn views(&self, person: PersonId, scope: Scope) -> Result<Vec<RoomView>> {
        rooms::views(&self.readers, person, scope).await
    }
    async fn unread(&self, room: RoomId, person: PersonId, upto: Seq) -> Result<u64> {
        rooms::unread(&self.readers, room, person, upto).await
    }
    async fn members(&self, room: RoomId) -> Result<Vec<Member>> {
        rooms::members(&self.readers, room).await
    }
    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<ReadUpto>>> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let read = reading::read(&mut tx, positions).await?;
        tx.commit().await?;
        Ok(read)
    }

    async fn people(&self) -> Result<Vec<(Person, bool)>> {
        people::all(&self.readers).await
    }
    async fn save_people(&self, people: &[(Person, bool)]) -> Result<()> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        people::save(&mut tx, people).await?;
        Ok(tx.commit().await?)
    }
    async fn auth_state(&self) -> Result<(u64, Vec<(SessionId, Timestamp)>)> {
        people::auth_state(&self.readers).await
    }
    async fn advance_auth(&self, n: u64, revoked: &[(SessionId, Timestamp)]) -> Result<()> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        people::advance_auth(&mut tx, n, revoked).await?;
        Ok(tx.commit().await?)
    }

    async fn claim(&self, claim: &Claim, now: Timestamp) -> Result<Claimed> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let claimed = commands::claim(&mut tx, claim, now).await?;
        tx.commit().await?;
        Ok(claimed)
    }
    async fn claims(&self, now: Timestamp) -> Result<Vec<Claim>> {
        commands::claims(&self.readers, now).await
    }
    async fn begin(&self, invocation: &NewInvocation) -> Result<Begun> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let begun = commands::begin(&mut tx, invocation).await?;
        tx.commit().await?;
        Ok(begun)
    }
    async fn invocation(&self, id: MessageId) -> Result<Option<Invocation>> {
        let mut reader = self.readers.acquire().await?;
        commands::invocation(&mut reader, id).await
    }
    async fn finish(&self, id: MessageId, outcome: &Outcome, at: Timestamp) -> Result<bool> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let set = commands::finish(&mut tx, id, outcome, at).await?;
        tx.commit().await?;
        Ok(set)
    }
    async fn overdue(&self, now: Timestamp, limit: u32) -> Result<Vec<Invocation>> {
        commands::overdue(&self.readers, now, limit).await
    }
    async fn next_deadline(&self) -> Result<Option<Timestamp>> {
        commands::next_deadline(&self.readers).await
    }
    async fn forget_invocations(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut writer = self.writer().await?;
        let mut tx = begin(&mut writer).await?;
        let forgotten = commands::forget(&mut tx, before, limit).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        self.ping_writer().await
    }
    async fn close(&self) {
        self.readers.close().await;
        // The last connection to close moves the write-ahead log into the database.
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(error) = writer.close().await
        {
            tracing::warn!(%error, "the chat's database did not close cleanly");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::conformance::{conformance, person, post, room_of, seq};

    async fn fresh() -> (Arc<dyn Store>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("chat.db")).await.unwrap();
        (Arc::new(store), folder)
    }

    conformance!(fresh());

    #[tokio::test]
    async fn what_was_kept_is_there_after_a_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chat.db");
        let anna = person("anna");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file).await.unwrap());
        let room = room_of(&store, parlor_protocol::http::RoomKind::Public, &[&anna]).await;
        seq(&store, post(room, &anna, "kept")).await;
        store.close().await;
        let store = SqliteStore::open(&file).await.unwrap();
        assert_eq!(store.last_seq(room).await.unwrap(), Some(Seq(1)));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn nobody_else_on_the_machine_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chat.db");
        let store = SqliteStore::open(&file).await.unwrap();
        store.save_people(&[(person("anna"), true)]).await.unwrap();
        for name in ["chat.db", "chat.db-wal", "chat.db-shm"] {
            let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
            assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn every_commit_is_synced_to_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("chat.db")).await.unwrap();
        let setting = async |sql: &'static str| -> String {
            let row = sqlx::query(sql).fetch_one(&mut *store.writer().await.unwrap()).await.unwrap();
            sqlx::Row::try_get::<String, _>(&row, 0).unwrap_or_else(|_| sqlx::Row::get::<i64, _>(&row, 0).to_string())
        };
        assert_eq!(setting("PRAGMA synchronous").await, "2", "FULL");
        assert_eq!(setting("PRAGMA journal_mode").await, "wal");
    }
}
