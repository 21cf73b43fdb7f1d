//! A connection's life: hello, frames in one after the other, the end. What it has to say goes by its outbox.

use std::{cell::RefCell, future::poll_fn, io, sync::Arc, task::Poll, time::Duration};

use parlor_protocol::{
    PROTOCOL,
    error::{ErrorCode, Refusal},
    ids::{RoomId, Seq},
    socket::{ClientFrame, CloseCode, ServerFrame},
};
use tokio::time::timeout;

use super::{
    Socket,
    wire::{self, Incoming, Reader},
};
use crate::{
    http::view,
    node::Node,
    outbox::Duty,
    request,
    store::{Scope, StoreError},
    who::Who,
};

/// Bytes read at once, into a buffer of the thread: a connection has none of its own while it is idle.
const READ_BYTES: usize = 16 * 1024;
/// How long a goodbye may take to be written and heard.
const GOODBYE: Duration = Duration::from_secs(3);

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

pub async fn live(node: &Arc<Node>, who: &Who, socket: &Arc<Socket>, read_ahead: &[u8]) {
    if let Err(error) = Box::pin(greet(node, who, socket)).await {
        tracing::error!(%error, "a socket could not be greeted");
        // It reconnects, and by then the store may be there again.
        socket.outbox().close(CloseCode::GoingAway);
    } else {
        // A logout between the upgrade and now found no socket to close.
        if node.people.is_revoked(socket.session()) {
            socket.outbox().close(CloseCode::SessionEnded);
        }
        let reading = node.connections.reading.token();
        let read = read_until_end(node, who, socket, read_ahead).await;
        drop(reading);
        match read {
            Err(code) => socket.outbox().close(code),
            Ok(End::Stopping) => {
                node.connections.say_goodbye.cancelled().await;
                // One that came while the others were told.
                socket.outbox().close(CloseCode::GoingAway);
            }
            Ok(End::Closing) => {}
            Ok(End::Broken) => return,
        }
    }
    Box::pin(finish(socket)).await;
}

/// Tells the client where it stands. The socket enters the rooms first: whatever happens from then on comes behind
/// `hello`, so nothing falls between.
async fn greet(node: &Node, who: &Who, socket: &Arc<Socket>) -> Result<(), StoreError> {
    let me = who.person().id;
    let mut cuts: Vec<(RoomId, Seq)> = Vec::new();
    for room in node.store.rooms_of(me).await? {
        if let Some(cut) = node.hub.join(room, socket).await? {
            cuts.push((room, cut));
        }
    }
    // Read after entering: who was removed in between is found out here, and who is removed later by the hub.
    let mut rooms = Vec::with_capacity(cuts.len());
    let views = node.store.views(me, Scope::Joined).await?;
    for (id, cut) in cuts {
        let Some(view) = views.iter().find(|view| view.room.id == id) else {
            let gone = ServerFrame::RoomGone { room: id.to_string() };
            node.hub.expel_one(id, socket, &wire::text(&gone.to_json()));
            continue;
        };
        let mut room = view::room(node, view);
        if view.room.last_seq > cut {
            room.unread = Some(node.store.unread(id, me, cut).await?);
        }
        room.last_seq = Some(cut);
        rooms.push(room);
    }
    let user = who.refreshed(node).unwrap_or_else(|| who.person().clone());
    let hello = ServerFrame::Hello { protocol: PROTOCOL, user, rooms };
    socket.outbox().greet(wire::text(&hello.to_json()));
    Ok(())
}

/// Why reading ended without a fault of the client's.
enum End {
    /// The service stops.
    Stopping,
    /// A goodbye is on its way out.
    Closing,
    /// Nobody is there any more.
    Broken,
}

async fn read_until_end(
    node: &Arc<Node>,
    who: &Who,
    socket: &Arc<Socket>,
    read_ahead: &[u8],
) -> Result<End, CloseCode> {
    let mut reader = Reader::default();
    let mut incoming = Vec::new();
    reader.feed(read_ahead, &mut incoming)?;
    loop {
        // An idle connection holds no list, nor room for what an answer takes.
        for message in std::mem::take(&mut incoming) {
            if Box::pin(take(node, who, socket, message)).await {
                return Ok(End::Closing);
            }
        }
        if socket.outbox().is_closing() {
            return Ok(End::Closing);
        }
        // Who stops sets this first and then nudges every socket: one of both is seen.
        let duty = poll_fn(|context| match socket.outbox().poll_duty(context) {
            _ if node.connections.stop_reading.is_cancelled() => Poll::Ready(None),
            duty => duty.map(Some),
        });
        match duty.await {
            None => return Ok(End::Stopping),
            Some(Duty::End) => return Ok(End::Closing),
            Some(Duty::Write(Ok(()))) => {
                if socket.outbox().flush_some().is_err() {
                    return Ok(End::Broken);
                }
            }
            Some(Duty::Read(Ok(()))) => match read_some(socket, &mut reader, &mut incoming) {
                Read::Some => socket.hear(),
                Read::Nothing => {}
                Read::End => return Ok(End::Broken),
                Read::Fault(code) => return Err(code),
            },
            Some(Duty::Write(Err(_)) | Duty::Read(Err(_))) => return Ok(End::Broken),
        }
    }
}

enum Read {
    Some,
    Nothing,
    End,
    Fault(CloseCode),
}

fn read_some(socket: &Socket, reader: &mut Reader, incoming: &mut Vec<Incoming>) -> Read {
    BUFFER.with_borrow_mut(|buffer| match socket.outbox().stream().try_read(buffer) {
        Ok(0) => Read::End,
        Ok(n) => reader.feed(&buffer[..n], incoming).map_or_else(Read::Fault, |()| Read::Some),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Read::Nothing,
        Err(_) => Read::End,
    })
}

/// Does what a message asks; whether the connection ends with it.
async fn take(node: &Arc<Node>, who: &Who, socket: &Arc<Socket>, message: Incoming) -> bool {
    match message {
        Incoming::Ping(payload) => socket.outbox().send(wire::pong(&payload)),
        Incoming::Pong => {}
        Incoming::Close => {
            socket.outbox().answer_close();
            return true;
        }
        Incoming::Binary => {
            refuse(socket, None, Refusal::new(ErrorCode::InvalidRequest, "A frame is text, never binary."));
        }
        Incoming::Text(text) => match ClientFrame::parse(&text) {
            Ok(frame) => request::handle(node, who, socket, frame).await,
            Err(refused) => refuse(socket, refused.id, refused.refusal),
        },
    }
    socket.outbox().is_closing()
}

/// An error, to this connection alone.
pub fn refuse(socket: &Socket, id: Option<String>, refusal: Refusal) {
    metrics::counter!("parlor_refused_frames_total", "code" => refusal.code.as_str()).increment(1);
    socket.outbox().send(wire::text(&ServerFrame::error(id, refusal).to_json()));
}

/// Writes what is left, the goodbye last, and gives the client a moment to hear it: closing a TCP connection while
/// the client still sends would throw away what it has not read.
pub async fn finish(socket: &Socket) {
    let farewell = async {
        socket.outbox().flush(0).await?;
        socket2::SockRef::from(socket.outbox().stream()).shutdown(std::net::Shutdown::Write)?;
        let mut rest = Box::new([0; 1024]);
        loop {
            socket.outbox().stream().readable().await?;
            match socket.outbox().stream().try_read(&mut rest[..]) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    };
    // Whether the client heard it or not, this is the end.
    let _ = timeout(GOODBYE, farewell).await;
}
