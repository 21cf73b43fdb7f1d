//! How far people have read. Positions queue up and are kept in groups, so that a thousand readers of one message are
//! a few syncs to disk. They are no entries of a log, and nobody else is told of them here.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::store::{Position, ReadUpto, Store, StoreError};

/// Positions that may wait for the store; beyond, whoever has one waits with it.
const WAITING: usize = 4_096;
/// Positions in one transaction.
const GROUP: usize = 512;

/// Takes positions.
#[derive(Debug, Clone)]
pub struct Reading {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    position: Position,
    kept: oneshot::Sender<Result<Option<ReadUpto>, StoreError>>,
}

/// Keeps positions; one a node.
#[derive(Debug)]
pub struct Keeper {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
}

impl Reading {
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> (Self, Keeper) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { jobs: sender }, Keeper { jobs: receiver, store })
    }

    /// Moves a position forward and waits until that is durable; `None` for who is no member.
    ///
    /// # Errors
    /// If the store failed.
    pub async fn upto(&self, position: Position) -> Result<Option<ReadUpto>, StoreError> {
        let (kept, answer) = oneshot::channel();
        self.jobs.send(Job { position, kept }).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

fn stopping() -> StoreError {
    StoreError(anyhow!("the chat is stopping"))
}

impl Keeper {
    /// Runs until `stop`, and then until everything that was sent before is kept.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let group = tokio::select! {
                group = self.group() => group,
                () = stop.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    continue;
                }
            };
            if group.is_empty() {
                return;
            }
            self.keep(group).await;
        }
    }

    /// What waits, once something does.
    async fn group(&mut self) -> Vec<Job> {
        let mut group = Vec::new();
        self.jobs.recv_many(&mut group, GROUP).await;
        group
    }

    /// Keeps a group in one transaction, or each position alone if that fails.
    async fn keep(&self, group: Vec<Job>) {
        let positions: Vec<_> = group.iter().map(|job| job.position).collect();
        let answers = match self.store.read(&positions).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, positions = positions.len(), "read positions were not kept, trying each alone");
                let mut answers = Vec::with_capacity(positions.len());
                for position in positions {
                    answers.push(self.store.read(&[position]).await.map(|mut one| one.pop().flatten()));
                }
                answers
            }
        };
        for (job, answer) in group.into_iter().zip(answers) {
            // Who asked may have gone; the position is kept all the same.
            let _ = job.kept.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{http::RoomKind, ids::Seq};

    use super::*;
    use crate::store::{
        conformance::{person, post, room_of, seq},
        sqlite::SqliteStore,
    };

    #[tokio::test]
    async fn what_waits_is_kept_together_and_everybody_learns_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("chat.db")).await.unwrap());
        let (anna, ben, eve) = (person("anna"), person("ben"), person("eve"));
        let room = room_of(&store, RoomKind::Public, &[&anna, &ben]).await;
        for said in ["one", "two", "three"] {
            seq(&store, post(room, &anna, said)).await;
        }
        let (reading, mut keeper) = Reading::new(store);
        let upto = |person: &parlor_protocol::auth::Person, seq| {
            reading.upto(Position { room, person: person.id, seq: Seq(seq) })
        };
        let kept = async {
            let group = keeper.group().await;
            assert_eq!(group.len(), 4, "one transaction for all that wait");
            keeper.keep(group).await;
        };
        let (first, second, other, stranger, ()) =
            tokio::join!(upto(&ben, 1), upto(&ben, 2), upto(&anna, 3), upto(&eve, 3), kept);
        // Both of Ben's tabs learn where he stands.
        assert_eq!(first.unwrap(), Some(ReadUpto { seq: Seq(2), unread: 1 }));
        assert_eq!(second.unwrap(), Some(ReadUpto { seq: Seq(2), unread: 1 }));
        assert_eq!(other.unwrap(), Some(ReadUpto { seq: Seq(3), unread: 0 }));
        assert_eq!(stranger.unwrap(), None);
    }

    #[tokio::test]
    async fn what_was_sent_before_the_stop_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("chat.db")).await.unwrap());
        let anna = person("anna");
        let room = room_of(&store, RoomKind::Public, &[&anna]).await;
        seq(&store, post(room, &anna, "one")).await;
        let (reading, keeper) = Reading::new(store);
        let stop = CancellationToken::new();
        let position = Position { room, person: anna.id, seq: Seq(1) };
        let (kept, ()) = tokio::join!(reading.upto(position), async {
            stop.cancel();
            keeper.run(stop.clone()).await;
        });
        assert_eq!(kept.unwrap(), Some(ReadUpto { seq: Seq(1), unread: 0 }));
        assert!(reading.upto(position).await.is_err(), "nobody keeps it any more");
    }
}
