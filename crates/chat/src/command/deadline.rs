//! Ends what nobody answered in time. Any node may do it, so a command ends though its asking node died.

use std::time::Duration;

use parlor_protocol::{error::ErrorCode, time::Timestamp};
use tokio_util::sync::CancellationToken;

use super::outcome;
use crate::{
    node::Node,
    store::{Outcome, StoreError},
};

/// Invocations that are ended at once.
const GROUP: u32 = 100;
/// How long to sleep when no deadline is known; other nodes' invocations are noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

pub async fn run(node: &Node, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let sleep = match end_overdue(node).await {
            Ok(next) => next.map_or(LONGEST_SLEEP, |next| Timestamp::now().until(next)).min(LONGEST_SLEEP),
            Err(error) => {
                tracing::error!(%error, "overdue commands could not be ended");
                LONGEST_SLEEP
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = node.commands.recorded.notified() => {}
            // One more millisecond, so that the deadline is past and not just now.
            () = tokio::time::sleep(sleep + Duration::from_millis(1)) => {}
        }
    }
}

/// When the next deadline is.
async fn end_overdue(node: &Node) -> Result<Option<Timestamp>, StoreError> {
    loop {
        let overdue = node.store.overdue(Timestamp::now(), GROUP).await?;
        if overdue.is_empty() {
            return node.store.next_deadline().await;
        }
        for invocation in overdue {
            let asked = &invocation.asked;
            let seconds = asked.created.until(asked.deadline).as_secs_f64();
            let message = format!("/{} was not answered within {seconds} seconds.", asked.command);
            outcome::finish(node, asked, Outcome::Error { code: ErrorCode::CommandTimeout, message }).await?;
        }
    }
}
