//! `resume`: what happened in each room while a client was away, by the steps of [`crate::log::replay`].

use std::{collections::BTreeMap, sync::Arc};

use bytes::BytesMut;
use parlor_protocol::{
    ids::{RoomId, Seq},
    socket::ServerFrame,
};

use crate::{
    log::replay::{PAGE, Replay, Step},
    node::Node,
    outbox::Released,
    permission,
    socket::{Socket, life::refuse, wire},
    store::StoreError,
    who::Who,
};

/// A replay goes on when less than this waits in the outbox. Together with what is handed over at once, the largest
/// entry (some 210 KiB when all of it must be escaped) included, it stays below the outbox's bound.
const LOW_WATER: usize = 32 * 1024;
/// Bytes handed over at once, if a single entry has not more.
const PAGE_BYTES: usize = 64 * 1024;

pub async fn handle(node: &Node, who: &Who, socket: &Arc<Socket>, rooms: BTreeMap<String, Seq>) {
    if let Err(refusal) = node.rates.charge_resume(who.person().id, rooms.len()) {
        return refuse(socket, None, refusal);
    }
    for (room, seen) in rooms {
        let replayed = match room.parse() {
            Ok(id) => replay(node, socket, id, seen).await,
            Err(_) => {
                gone(socket, room);
                continue;
            }
        };
        if let Err(error) = replayed {
            // The client sees a broken connection and asks again.
            refuse(socket, None, permission::unavailable(error));
            return socket.outbox().abandon();
        }
        if socket.outbox().is_closing() || node.connections.stop_reading.is_cancelled() {
            return;
        }
    }
}

async fn replay(node: &Node, socket: &Arc<Socket>, room: RoomId, seen: Seq) -> Result<(), StoreError> {
    let (mut replay, mut step) = Replay::after(seen);
    loop {
        step = match step {
            Step::Cut => replay.cut(node.hub.hold(room, socket).await),
            Step::Send { after, upto } => match send(node, socket, room, after, upto).await? {
                Sent::Upto(seq) => replay.sent(seq),
                Sent::Over => return Ok(()),
            },
            Step::Release { resumed } => {
                let last = wire::text(&ServerFrame::Resumed { room, seq: resumed }.to_json());
                match socket.outbox().release(room, last) {
                    Released::Overflowed => replay.overflowed(),
                    Released::Live | Released::Over => return Ok(()),
                }
            }
            Step::Reset { last } => {
                // What was held back is in the history that the client loads now.
                socket.outbox().cut_short(room, wire::text(&ServerFrame::Reset { room, seq: last }.to_json()));
                return Ok(());
            }
            Step::Gone => {
                gone(socket, room.to_string());
                return Ok(());
            }
        }
    }
}

enum Sent {
    /// Up to this entry, if there was any.
    Upto(Option<Seq>),
    /// The room's last frame has been sent meanwhile, or the connection has ended.
    Over,
}

/// One page of entries in one write, as fast as the client reads.
async fn send(node: &Node, socket: &Socket, room: RoomId, after: Seq, upto: Seq) -> Result<Sent, StoreError> {
    node.rates.count_page(socket.person());
    let entries = node.store.entries(room, after, upto, PAGE).await?;
    let last = entries.last().map(|entry| entry.seq);
    let mut page = BytesMut::new();
    for entry in entries {
        let frame = wire::text(&entry.into_frame().to_json());
        if !page.is_empty()
            && page.len() + frame.len() > PAGE_BYTES
            && !hand_over(node, socket, room, page.split()).await
        {
            return Ok(Sent::Over);
        }
        page.extend_from_slice(&frame);
    }
    if !page.is_empty() && !hand_over(node, socket, room, page).await {
        return Ok(Sent::Over);
    }
    Ok(Sent::Upto(last))
}

/// Whether the replay goes on. It does not if the connection ends, or the service stops, while the client reads slowly.
async fn hand_over(node: &Node, socket: &Socket, room: RoomId, page: BytesMut) -> bool {
    let room_made = node.connections.stop_reading.run_until_cancelled(socket.outbox().make_room(LOW_WATER)).await;
    // Whoever takes what is sent is alive, though nothing is read from it meanwhile.
    socket.hear();
    matches!(room_made, Some(Ok(()))) && socket.outbox().send_replayed(room, page.freeze())
}

fn gone(socket: &Socket, room: String) {
    socket.outbox().send(wire::text(&ServerFrame::RoomGone { room }.to_json()));
}
