//! Keeps the connection: opens a session, watches it, and opens the next one when it is lost. It says in the log what an
//! operator has to know, once for each change, and never who asks with which password.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{
    ANSWER_WITHIN, Shared,
    backoff::Backoff,
    session::{Change, Session},
};
use crate::port::{BrokerError, Queue, Status};

/// A session that lasted so long shows that the broker is well; the next pause is short again.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// Until `stop`.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut backoff = Backoff::new();
    let mut failing: Option<String> = None;
    loop {
        let address = &shared.address;
        match stop.run_until_cancelled(open(&shared)).await {
            None => return,
            Some(Ok(session)) => {
                failing = None;
                let began = Instant::now();
                tracing::info!(%address, "connected to RabbitMQ");
                stop.run_until_cancelled(use_it(&shared, &session)).await;
                set(&shared, None, Status::Down);
                session.close().await;
                if stop.is_cancelled() {
                    return;
                }
                if began.elapsed() >= WELL_AFTER {
                    backoff.reset();
                }
            }
            Some(Err(error)) => {
                // Once for each reason, however often it is tried.
                if failing.as_ref() != Some(&error) {
                    tracing::warn!(%address, error, "RabbitMQ is out of reach; it is tried until it is there");
                    failing = Some(error);
                }
            }
        }
        if stop.run_until_cancelled(sleep(backoff.next())).await.is_none() {
            return;
        }
    }
}

/// A session on which all queues are there that were declared before.
async fn open(shared: &Shared) -> Result<Arc<Session>, String> {
    let session = Session::open(&shared.address, shared.hints_exchange.clone()).await.map_err(|e| e.to_string())?;
    let queues = shared.queues.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (name, kind) in queues {
        let queue = Queue { name, kind };
        match timeout(ANSWER_WITHIN, session.declare(&queue)).await {
            Ok(Ok(())) => {}
            Ok(Err(BrokerError::Unavailable)) | Err(_) => return Err("it went away again".to_owned()),
            Ok(Err(error)) => {
                tracing::warn!(queue = queue.name, %error, "a queue could not be declared again");
                shared.queues.lock().unwrap_or_else(PoisonError::into_inner).remove(&queue.name);
            }
        }
    }
    Ok(Arc::new(session))
}

/// Lets everybody use the session until it is lost.
async fn use_it(shared: &Shared, session: &Arc<Session>) {
    let address = &shared.address;
    set(shared, Some(session.clone()), Status::Up);
    let tell = |change| match change {
        Change::Blocked(true) => {
            tracing::warn!(%address, "RabbitMQ takes no messages: it is short of memory or disk");
            shared.status.send_replace(Status::Down);
        }
        Change::Blocked(false) => {
            tracing::info!(%address, "RabbitMQ takes messages again");
            shared.status.send_replace(Status::Up);
        }
        Change::Lost(error) => {
            tracing::warn!(%address, error, "the connection to RabbitMQ is lost");
            metrics::counter!("parlor_broker_connections_lost_total").increment(1);
        }
    };
    session.watch(tell).await;
}

fn set(shared: &Shared, session: Option<Arc<Session>>, status: Status) {
    *shared.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    // Only a change is news.
    shared.status.send_if_modified(|now| std::mem::replace(now, status) != status);
}
