//! The store in one SQLite file, which several processes may have open. Must not know HTTP or hashing.

mod events;
mod people;
mod sessions;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use parlor_edge::SessionToken;
use parlor_protocol::{
    auth::{AuthEvents, Person},
    ids::{PersonId, SessionId},
    names::{Name, Username},
    time::Timestamp,
};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::port::{Account, Hash, NewPerson, PasswordChange, Store, StoreError};

/// How long one process waits while another writes.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// Rows in one statement, well within SQLite's bound on parameters.
const ROWS: usize = 500;

#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// One connection: SQLite has one writer anyway, and so nobody in this process meets it busy.
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, or makes it, and brings its tables up to date.
    ///
    /// # Errors
    /// The file cannot be made, opened or migrated.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        // Processes that start together would meet in the change to WAL and in the migrations, where SQLite does not
        // wait but fails.
        let _alone = alone_with(file.to_owned()).await?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).acquire_timeout(BUSY);
        let writer = pool.clone().max_connections(1).connect_with(options.clone()).await.map_err(failed)?;
        sqlx::migrate!("src/store/migrations").run(&writer).await.map_err(|error| StoreError::Failed(error.into()))?;
        let readers = pool.max_connections(READERS).connect_with(options.read_only(true)).await.map_err(failed)?;
        Ok(Self { writer, readers })
    }

    /// Takes the write lock at once: a reader that becomes a writer later cannot wait for it.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)
    }
}

/// Holds the lock file beside the database until dropped, and makes the database readable for its owner alone.
async fn alone_with(file: PathBuf) -> Result<fs::File, StoreError> {
    let open = move || -> io::Result<fs::File> {
        let mut lock = file.clone().into_os_string();
        lock.push(".lock");
        let lock = private(Path::new(&lock))?;
        lock.lock()?;
        private(&file)?;
        Ok(lock)
    };
    let opened = tokio::task::spawn_blocking(open).await.map_err(|error| StoreError::Failed(error.into()))?;
    opened.map_err(|error| StoreError::Failed(error.into()))
}

fn private(file: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

fn failed(error: sqlx::Error) -> StoreError {
    use sqlx::Error as E;
    let passing = match &error {
        E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Io(_) => true,
        // SQLITE_BUSY, SQLITE_LOCKED and SQLITE_FULL, without what extends them
        E::Database(error) => {
            error.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6 | 13))
        }
        _ => false,
    };
    if passing { StoreError::Unavailable(error.into()) } else { StoreError::Failed(error.into()) }
}

/// What stands in the file is not what was written there.
fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed(Box::new(error))
}

#[async_trait]
impl Store for SqliteStore {
    async fn add_people(&self, people: &[NewPerson]) -> Result<Vec<PersonId>, StoreError> {
        let mut tx = self.write().await?;
        let added = people::add(&mut tx, people).await?;
        tx.commit().await.map_err(failed)?;
        Ok(added)
    }
    async fn account(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        people::account(&self.readers, username).await
    }
    async fn people(&self) -> Result<Vec<Person>, StoreError> {
        people::active(&self.readers).await
    }
    async fn rename(&self, person: PersonId, name: &Name) -> Result<Option<Person>, StoreError> {
        let mut tx = self.write().await?;
        let renamed = people::rename(&mut tx, person, name).await?;
        tx.commit().await.map_err(failed)?;
        Ok(renamed)
    }
    async fn deactivate(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
        let mut tx = self.write().await?;
        let gone = people::deactivate(&mut tx, people).await?;
        tx.commit().await.map_err(failed)?;
        Ok(gone)
    }
    async fn reactivate(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
        let mut tx = self.write().await?;
        let back = people::reactivate(&mut tx, people).await?;
        tx.commit().await.map_err(failed)?;
        Ok(back)
    }
    async fn begin_session(&self, session: &SessionToken, hash: &Hash) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let begun = sessions::begin(&mut tx, session, hash).await?;
        tx.commit().await.map_err(failed)?;
        Ok(begun)
    }
    async fn session(&self, session: SessionId, now: Timestamp) -> Result<Option<Person>, StoreError> {
        sessions::person(&self.readers, session, now).await
    }
    async fn end_session(&self, session: SessionId) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let ended = sessions::end(&mut tx, session).await?;
        tx.commit().await.map_err(failed)?;
        Ok(ended)
    }
    async fn change_password(&self, change: &PasswordChange) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let changed = people::change_password(&mut tx, change).await?;
        tx.commit().await.map_err(failed)?;
        Ok(changed)
    }
    async fn events(&self, after: u64, limit: u32) -> Result<AuthEvents, StoreError> {
        events::after(&self.readers, after, limit).await
    }
    async fn last_event(&self) -> Result<u64, StoreError> {
        let mut reader = self.readers.acquire().await.map_err(failed)?;
        events::last(&mut reader).await
    }
    async fn prune(&self, now: Timestamp) -> Result<u64, StoreError> {
        sessions::prune(&self.writer, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite_conforms() {
        conformance::suite(async || {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&folder.path().join("auth.db")).await.unwrap();
            (store, folder)
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn stores_that_open_a_new_file_together_all_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.db");
        let opening: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let file = file.clone();
                    async move { SqliteStore::open(&file).await }
                })
            })
            .collect();
        for opened in opening {
            opened.await.unwrap().unwrap();
        }
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn processes_that_write_side_by_side_leave_no_gap() {
        const STORES: usize = 4;
        const EACH: usize = 20;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("auth.db");
        let mut writing = Vec::new();
        for store_number in 0..STORES {
            let store = SqliteStore::open(&file).await.unwrap();
            writing.push(tokio::spawn(async move {
                for n in 0..EACH {
                    conformance::added(&store, &format!("s{store_number}n{n}")).await;
                }
            }));
        }
        for writer in writing {
            writer.await.unwrap();
        }
        let store = SqliteStore::open(&file).await.unwrap();
        assert_eq!(conformance::changes(&store).await.len(), STORES * EACH);
    }
}
