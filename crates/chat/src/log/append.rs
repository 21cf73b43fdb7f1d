//! The one way into the log: changes queue up, are kept in groups with one sync to disk, and are told of in the order
//! of their numbers. An `ack` leaves here, after the commit.

use std::sync::Arc;

use anyhow::anyhow;
use bytes::Bytes;
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::Room as RoomBody,
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::ServerFrame,
    text::Text,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::entry::{Append, Appended, Entry, EntryKind, Refused};
use crate::{
    hub::Hub,
    permission::{MayPost, not_a_member, unknown_room},
    socket::{Socket, wire},
    store::{Store, StoreError},
};

/// Changes that may wait for the store; beyond, whoever has one waits with it, and its socket is read no further.
const WAITING: usize = 4_096;
/// Changes in one transaction.
const GROUP: usize = 512;

/// Takes changes.
#[derive(Debug, Clone)]
pub struct Log {
    jobs: mpsc::Sender<Job>,
}

#[derive(Debug)]
enum Job {
    Append(Box<(Append, Reply)>),
    /// Tells when everything sent before is kept and told.
    Settled(oneshot::Sender<()>),
}

/// Who learns what became of a change.
#[derive(Debug)]
enum Reply {
    /// A message's `ack` or error, straight to its socket.
    Socket(Arc<Socket>),
    Caller(oneshot::Sender<Result<Appended, StoreError>>),
}

/// What became of a job, to be told.
#[derive(Debug)]
enum Kept {
    Change {
        id: Uuid,
        room: RoomId,
        reply: Reply,
        answer: Result<Appended, StoreError>,
    },
    /// Everything before is told.
    Settled(oneshot::Sender<()>),
}

/// Keeps and tells; one a node.
#[derive(Debug)]
pub struct Writer {
    jobs: mpsc::Receiver<Job>,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
}

impl Log {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>) -> (Self, Writer) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { jobs: sender }, Writer { jobs: receiver, store, hub })
    }

    /// Sends a message on its way; its `ack` or error goes to the socket. Waits while the log has too much to do.
    pub async fn post(&self, may: MayPost, id: MessageId, text: Text, socket: &Arc<Socket>) {
        let append = Append::message(id, may.room(), may.person().clone(), text);
        let job = Job::Append(Box::new((append, Reply::Socket(Arc::clone(socket)))));
        if self.jobs.send(job).await.is_err() {
            let id = Some(id.to_string());
            socket.outbox().send(wire::text(&ServerFrame::error(id, stopping()).to_json()));
        }
    }

    /// Appends a change and waits until it is durable, and told to this node's sockets.
    ///
    /// # Errors
    /// If the store failed; the change may be durable nevertheless only if the connection to it broke.
    pub async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        let (reply, kept) = oneshot::channel();
        let job = Job::Append(Box::new((append, Reply::Caller(reply))));
        self.jobs.send(job).await.map_err(|_| anyhow!("the chat is stopping"))?;
        kept.await.map_err(|_| anyhow!("the chat is stopping"))?
    }

    /// Waits until everything sent before is kept and told.
    pub async fn settle(&self) {
        let (done, settled) = oneshot::channel();
        if self.jobs.send(Job::Settled(done)).await.is_ok() {
            // If the writer has stopped, it has settled everything.
            let _ = settled.await;
        }
    }
}

fn stopping() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The chat is stopping. Send it again.")
}

impl Writer {
    /// Runs until `stop`, and then until everything that was sent before is kept and told.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut kept = Vec::new();
        loop {
            let mut jobs = Vec::new();
            // What is kept is told while the next group is on its way to the disk, or at once if none waits.
            if self.jobs.is_empty() {
                self.tell(std::mem::take(&mut kept)).await;
            }
            let received = tokio::select! {
                received = self.jobs.recv_many(&mut jobs, GROUP) => received,
                () = stop.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    continue;
                }
            };
            if received == 0 {
                return self.tell(kept).await;
            }
            let told = std::mem::take(&mut kept);
            (kept, ()) = tokio::join!(self.keep(jobs), self.tell(told));
        }
    }

    /// Keeps a group of changes in one transaction, or each alone if that fails.
    async fn keep(&self, jobs: Vec<Job>) -> Vec<Kept> {
        let mut batch = Vec::with_capacity(jobs.len());
        let (mut replies, mut settled) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            match job {
                Job::Append(change) => {
                    let (append, reply) = *change;
                    batch.push(append);
                    replies.push(reply);
                }
                Job::Settled(done) => settled.push(Kept::Settled(done)),
            }
        }
        let mut kept = Vec::with_capacity(batch.len() + settled.len());
        if !batch.is_empty() {
            metrics::histogram!("parlor_log_group_size")
                .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
            let answers = self.append(&batch).await;
            let changes = batch.into_iter().zip(replies).zip(answers);
            kept.extend(changes.map(|((append, reply), answer)| Kept::Change {
                id: append.id,
                room: append.room,
                reply,
                answer,
            }));
        }
        kept.extend(settled);
        kept
    }

    async fn append(&self, batch: &[Append]) -> Vec<Result<Appended, StoreError>> {
        let error = match self.store.append(batch).await {
            Ok(answers) => return answers.into_iter().map(Ok).collect(),
            Err(error) => error,
        };
        tracing::error!(%error, changes = batch.len(), "a group of changes was not kept, trying each alone");
        let mut answers = Vec::with_capacity(batch.len());
        for append in batch {
            let alone = self.store.append(std::slice::from_ref(append)).await;
            answers.push(alone.and_then(|mut one| one.pop().ok_or_else(|| StoreError(anyhow!("no answer")))));
        }
        answers
    }

    /// Tells of a group in its order. An `ack` waits for the moment until the same socket's copy of the entry goes out,
    /// so that both are one write.
    async fn tell(&self, kept: Vec<Kept>) {
        let mut entries = Vec::with_capacity(kept.len());
        let mut acked = Vec::with_capacity(kept.len());
        let mut settled = Vec::new();
        let mut stored = 0;
        for kept in kept {
            let (id, room, reply, answer) = match kept {
                Kept::Settled(done) => {
                    settled.push(done);
                    continue;
                }
                Kept::Change { id, room, reply, answer } => (id, room, reply, answer),
            };
            stored += u64::from(matches!(answer, Ok(Appended::Stored(_))));
            match (reply, answer) {
                (Reply::Socket(socket), Ok(Appended::Stored(entry))) => {
                    socket.outbox().linger(ack(MessageId::from_uuid(id), room, entry.seq));
                    acked.push(socket);
                    entries.push(frame(entry));
                }
                (Reply::Socket(socket), answer) => answer_socket(&socket, MessageId::from_uuid(id), room, answer),
                (Reply::Caller(caller), answer) => {
                    if let Ok(Appended::Stored(entry)) = &answer {
                        match membership(entry) {
                            None => entries.push(frame(entry.clone())),
                            Some(change) => {
                                self.hub.publish(std::mem::take(&mut entries)).await;
                                self.change_membership(entry.clone(), change).await;
                            }
                        }
                    }
                    // Whoever called learns it behind the sockets.
                    self.hub.publish(std::mem::take(&mut entries)).await;
                    // The caller may have gone; the change is kept all the same.
                    drop(caller.send(answer));
                }
            }
        }
        self.hub.publish(entries).await;
        acked.iter().for_each(|socket| socket.outbox().send_lingering());
        if stored > 0 {
            metrics::counter!("parlor_entries_total").increment(stored);
        }
        for done in settled {
            // Who asked may have given up waiting.
            let _ = done.send(());
        }
    }

    /// A room's entry about who is in it: who has left gets no more, who has come gets what follows.
    async fn change_membership(&self, entry: Entry, change: Membership) {
        let (room, seq) = (entry.room, entry.seq);
        if let Membership::Left(person) = change {
            self.hub.expel(room, person, &wire::text(&ServerFrame::RoomGone { room: room.to_string() }.to_json()));
        }
        self.hub.publish(vec![frame(entry)]).await;
        if let Membership::Joined(person) = change
            && let Err(error) = self.admit(room, seq, person).await
        {
            // The store has the membership: the person's sockets learn of it when they connect again.
            tracing::error!(%error, "a new member's sockets could not be let in");
        }
    }

    async fn admit(&self, room: RoomId, joined: Seq, person: PersonId) -> Result<(), StoreError> {
        if self.hub.sockets_of(person).is_empty() {
            return Ok(());
        }
        let Some(room) = self.store.room(room).await? else { return Ok(()) };
        let id = room.id;
        let first = move |cut: Seq| {
            let body = RoomBody {
                id,
                name: room.name.clone(),
                kind: room.kind,
                topic: room.topic.clone(),
                member: true,
                last_seq: Some(cut),
                read_seq: Some(joined),
                unread: Some(0),
                with: None,
            };
            wire::text(&ServerFrame::RoomJoined { room: body }.to_json())
        };
        self.hub.admit(id, person, first).await
    }
}

enum Membership {
    Joined(PersonId),
    Left(PersonId),
}

fn membership(entry: &Entry) -> Option<Membership> {
    match &entry.kind {
        EntryKind::MemberJoined { user } => Some(Membership::Joined(user.id)),
        EntryKind::MemberLeft { user } => Some(Membership::Left(user.id)),
        _ => None,
    }
}

fn frame(entry: Entry) -> (RoomId, Seq, Bytes) {
    (entry.room, entry.seq, wire::text(&entry.into_frame().to_json()))
}

fn ack(id: MessageId, room: RoomId, seq: Seq) -> Bytes {
    wire::text(&ServerFrame::Ack { id, room, seq }.to_json())
}

/// What is not the `ack` of what was stored just now.
fn answer_socket(socket: &Socket, id: MessageId, room: RoomId, answer: Result<Appended, StoreError>) {
    let refusal = match answer {
        Ok(Appended::Stored(_) | Appended::Unchanged) => return,
        Ok(Appended::Repeat(seq)) => return socket.outbox().send(ack(id, room, seq)),
        Ok(Appended::Refused(refused)) => refusal(refused),
        Err(error) => crate::permission::unavailable(error),
    };
    socket.outbox().send(wire::text(&ServerFrame::error(Some(id.to_string()), refusal).to_json()));
}

/// What a refusal of the store's means to the person who asked.
#[must_use]
pub fn refusal(refused: Refused) -> Refusal {
    match refused {
        Refused::IdTaken => Refusal::new(ErrorCode::IdTaken, "This id belongs to something else."),
        Refused::NotAMember => not_a_member(),
        Refused::NoSuchRoom => unknown_room(),
        Refused::NoSuchMessage => Refusal::new(ErrorCode::UnknownMessage, "There is no such message."),
        Refused::NotTheAuthor => Refusal::new(ErrorCode::Forbidden, "Only its author can change a message."),
        Refused::MessageDeleted => Refusal::new(ErrorCode::MessageDeleted, "The message has been deleted."),
        Refused::AlreadyAnswered => Refusal::new(ErrorCode::InvalidRequest, "The command has its outcome."),
        Refused::DirectRoom => Refusal::new(ErrorCode::Forbidden, "A direct conversation keeps its two people."),
    }
}
