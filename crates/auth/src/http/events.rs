//! `GET /internal/events?after=N&wait=MS`: auth's log for its sister services; for anybody else there is no such path.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use parlor_edge::{Caller, Json, Problem, Query, fallback};
use parlor_protocol::auth::AuthEvents;
use serde::Deserialize;
use tokio::time::timeout;

use super::store_failed;
use crate::Service;

/// Events on one page.
const PAGE: u32 = 1_000;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    #[serde(default)]
    after: u64,
    /// Milliseconds to wait for an event when there is none.
    #[serde(default)]
    wait: u64,
}

pub(super) async fn events(
    State(service): State<Arc<Service>>,
    caller: Caller,
    ask: Result<Query<Ask>, Problem>,
) -> Result<Json<AuthEvents>, Problem> {
    if !caller.internal {
        return Err(fallback::unknown_path().await);
    }
    let Query(Ask { after, wait }) = ask?;
    let page = service.store.events(after, PAGE).await.map_err(store_failed)?;
    // Whoever is ahead of the log follows another one, and must learn so at once.
    let up_to_date = page.events.is_empty() && page.last == after;
    if !up_to_date || wait == 0 {
        return Ok(Json(page));
    }
    let wait = Duration::from_millis(wait).min(LONGEST_WAIT);
    let mut last = service.announcer.watch();
    let grown = async { last.wait_for(|last| *last > after).await.is_ok() };
    match service.stopping.run_until_cancelled(timeout(wait, grown)).await {
        Some(Ok(_)) => service.store.events(after, PAGE).await.map(Json).map_err(store_failed),
        Some(Err(_)) | None => Ok(Json(page)),
    }
}
