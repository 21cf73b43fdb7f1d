//! Pages of a room's messages.

use std::sync::Arc;

use axum::extract::State;
use parlor_edge::{Json, Path, Problem, Query};
use parlor_protocol::{error::Refusal, http::History, ids::Seq, limits};
use serde::Deserialize;

use crate::{
    node::Node,
    permission::{self, unavailable},
    store::Page,
    who::Who,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    limit: Option<u32>,
    before: Option<u64>,
    after: Option<u64>,
}

pub async fn page(
    State(node): State<Arc<Node>>,
    who: Who,
    Path(room): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<History>, Problem> {
    let may = permission::read(&node, &who, &room).await?;
    let (page, limit) = checked(&wanted)?;
    let (messages, has_more, last_seq) = node.store.history(may.room().id, page, limit).await.map_err(unavailable)?;
    Ok(Json(History { messages, has_more, last_seq }))
}

fn checked(wanted: &Wanted) -> Result<(Page, u32), Refusal> {
    let limit = wanted.limit.unwrap_or(limits::HISTORY_DEFAULT);
    if !(1..=limits::HISTORY_MAX).contains(&limit) {
        return Err(Refusal::unprocessable(format!("`limit` is 1 to {}.", limits::HISTORY_MAX)));
    }
    let number = |seq: u64| {
        let refused = Refusal::unprocessable("A `seq` is at most 2^53 - 1.");
        if seq <= limits::SEQ_MAX { Ok(Seq(seq)) } else { Err(refused) }
    };
    let page = match (wanted.before, wanted.after) {
        (None, None) => Page::Latest,
        (Some(seq), None) => Page::Before(number(seq)?),
        (None, Some(seq)) => Page::After(number(seq)?),
        (Some(_), Some(_)) => return Err(Refusal::unprocessable("`before` and `after` exclude each other.")),
    };
    Ok((page, limit))
}
