//! Appending to the log: what is known keeps its number, authors are members, numbers have no gaps.

use sqlx::SqliteConnection;

use crate::{
    log::entry::{Append, Appended, Change},
    store::port::Result,
};

mod changes;
mod posts;

/// Runs of messages take a handful of statements however long they are; anything else goes one by one.
pub(super) async fn append(tx: &mut SqliteConnection, batch: &[Append]) -> Result<Vec<Appended>> {
    let mut answers = Vec::with_capacity(batch.len());
    let mut left = batch;
    while !left.is_empty() {
        let run = left.iter().take_while(|append| matches!(append.change, Change::Post { .. })).count();
        if run > 0 {
            answers.extend(posts::append(tx, &left[..run]).await?);
            left = &left[run..];
        } else {
            answers.push(changes::append(tx, &left[0]).await?);
            left = &left[1..];
        }
    }
    Ok(answers)
}
