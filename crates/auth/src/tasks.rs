//! What runs beside the calls: the look for events that another process wrote, and the forgetting of what is over.
//! Must not know the calls.

use std::time::Duration;

use parlor_edge::Readiness;
use parlor_protocol::time::Timestamp;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::Service;

/// Accounts made by command, beside this process, are known to everybody within this time.
const LOOK: Duration = Duration::from_millis(500);
const FORGET: Duration = Duration::from_secs(60);
/// Its name in `/readyz`.
const STORE: &str = "auth store";

pub(crate) async fn run(service: &Service, readiness: &Readiness, shutdown: CancellationToken) {
    let work = async { tokio::join!(look(service, readiness), forget(service)) };
    shutdown.run_until_cancelled(work).await;
    service.stopping.cancel();
}

async fn look(service: &Service, readiness: &Readiness) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lost = false;
    loop {
        ticks.tick().await;
        match service.store.last_event().await {
            Ok(last) => {
                service.announcer.tell(last);
                if lost {
                    tracing::info!("the store is back");
                    readiness.restore(STORE);
                    lost = false;
                }
            }
            Err(error) if !lost => {
                tracing::error!(%error, "the store is gone");
                readiness.lose(STORE);
                lost = true;
            }
            Err(_) => {}
        }
    }
}

async fn forget(service: &Service) {
    let mut ticks = interval(FORGET);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        service.limits.sweep();
        match service.store.prune(Timestamp::now()).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "forgot expired sessions"),
            Err(error) => tracing::warn!(%error, "expired sessions stay for now"),
        }
    }
}
