//! The one way into the log: changes queue up, are kept in groups with one sync to disk, and are told of in the order
//! of their numbers. An `ack` leaves here, after the commit.

use std::sync::Arc;

use anyhow::anyhow;
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::Room as RoomBody,
    ids::{MessageId, PersonId, RoomId, Seq},
    socket::ServerFrame,
    text::Text,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::entry::{Append, Appended, EntryKind, Refused};
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
    /// Runs until `stop`, and then until everything that was sent before is kept.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut jobs = Vec::with_capacity(GROUP);
        loop {
            let received = tokio::select! {
                received = self.jobs.recv_many(&mut jobs, GROUP) => received,
                () = stop.cancelled(), if !self.jobs.is_closed() => {
                    self.jobs.close();
                    continue;
                }
            };
            if received == 0 {
                return;
            }
            let mut settled = Vec::new();
            let (mut batch, mut replies) = (Vec::with_capacity(received), Vec::with_capacity(received));
            for job in jobs.drain(..) {
                match job {
                    Job::Append(change) => {
                        let (append, reply) = *change;
                        batch.push(append);
                        replies.push(reply);
                    }
                    Job::Settled(done) => settled.push(done),
                }
            }
            self.keep(&batch, replies).await;
            for done in settled {
                // Who asked may have given up waiting.
                let _ = done.send(());
            }
        }
    }

    async fn keep(&self, batch: &[Append], replies: Vec<Reply>) {
        if batch.is_empty() {
            return;
        }
        {
            metrics::histogram!("parlor_log_group_size")
                .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
            match self.store.append(batch).await {
                Ok(kept) => {
                    for ((append, reply), appended) in batch.iter().zip(replies).zip(kept) {
                        self.tell(append, reply, Ok(appended)).await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, changes = batch.len(), "a group of changes was not kept, trying each alone");
                    for (append, reply) in batch.iter().zip(replies) {
                        let alone = self.store.append(std::slice::from_ref(append)).await;
                        let kept = alone.and_then(|mut one| {
                            one.pop().ok_or_else(|| StoreError(anyhow!("the store gave no answer")))
                        });
                        self.tell(append, reply, kept).await;
                    }
                }
            }
        }
    }

    async fn tell(&self, append: &Append, reply: Reply, kept: Result<Appended, StoreError>) {
        if let Ok(Appended::Stored(entry)) = &kept {
            metrics::counter!("parlor_entries_total").increment(1);
            // Whoever sent it learns first that it is kept; the others' frames are written meanwhile.
            if let (Reply::Socket(socket), EntryKind::Message(message)) = (&reply, &entry.kind) {
                ack(socket, message.id, append.room, entry.seq);
            }
            self.publish(entry.clone()).await;
        }
        match reply {
            Reply::Socket(socket) => answer_socket(&socket, append, kept),
            // The caller may have gone; the change is kept all the same.
            Reply::Caller(caller) => drop(caller.send(kept)),
        }
    }

    async fn publish(&self, entry: super::entry::Entry) {
        let (room, seq) = (entry.room, entry.seq);
        let (joined, left) = match &entry.kind {
            EntryKind::MemberJoined { user } => (Some(user.id), None),
            EntryKind::MemberLeft { user } => (None, Some(user.id)),
            _ => (None, None),
        };
        if let Some(person) = left {
            self.hub.expel(room, person, &wire::text(&ServerFrame::RoomGone { room: room.to_string() }.to_json()));
        }
        self.hub.publish(room, seq, wire::text(&entry.into_frame().to_json())).await;
        if let Some(person) = joined
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

fn ack(socket: &Socket, id: MessageId, room: RoomId, seq: Seq) {
    socket.outbox().send(wire::text(&ServerFrame::Ack { id, room, seq }.to_json()));
}

/// What is not the plain `ack`, which has been sent.
fn answer_socket(socket: &Socket, append: &Append, kept: Result<Appended, StoreError>) {
    let id = MessageId::from_uuid(append.id);
    let refusal = match kept {
        Ok(Appended::Stored(_) | Appended::Unchanged) => return,
        Ok(Appended::Repeat(seq)) => return ack(socket, id, append.room, seq),
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
