//! Waiting for something to happen, with a deadline and a name for what did not.

use std::time::Duration;

/// Generous: it ends tests that would hang, and measures nothing.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often something is looked at that cannot tell by itself.
const LOOK: Duration = Duration::from_millis(20);

/// The result of `event`.
///
/// # Panics
/// If it has not come by the deadline.
pub async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, event).await {
        Ok(result) => result,
        Err(_) => panic!("within {DEADLINE:?} there was no {what}"),
    }
}

/// Looks again and again until there is something; for what sends no event of its own.
///
/// # Panics
/// If there is nothing by the deadline.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut clock = tokio::time::interval(LOOK);
    soon(what, async {
        loop {
            clock.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    })
    .await
}
