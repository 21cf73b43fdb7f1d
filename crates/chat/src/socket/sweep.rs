//! One look over all sockets now and then: a ping to those that are silent, an end to those that are gone or whose
//! session is over. So an idle socket needs no timer of its own.

use std::time::Duration;

use parlor_protocol::{socket::CloseCode, time::Timestamp};
use tokio_util::sync::CancellationToken;

use super::wire;
use crate::node::Node;

/// After this many intervals of silence, pings unanswered, the client counts as gone.
const SILENT_INTERVALS: u32 = 3;

pub async fn run(node: &Node, shutdown: &CancellationToken) {
    let interval = node.config.ping_interval;
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Timestamp::now();
        let ping = wire::ping();
        for (i, socket) in node.hub.sockets().into_iter().enumerate() {
            let silent = socket.heard().until(now);
            if socket.session_ends() <= now {
                socket.outbox().close(CloseCode::SessionEnded);
            } else if silent >= interval * SILENT_INTERVALS {
                metrics::counter!("parlor_sockets_silent_total").increment(1);
                socket.outbox().abandon();
            } else if silent >= interval / 2 {
                socket.outbox().send(ping.clone());
            }
            if i % 256 == 255 {
                tokio::task::yield_now().await;
            }
        }
        node.hub.sweep();
    }
}
