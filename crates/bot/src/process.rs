//! A bot as a program of its own: where the broker is comes from the environment, the end from a signal. For what needs
//! more than that there is [`run`].

use std::{env, fmt, io, sync::Arc};

use parlor_broker::{
    RabbitBroker, Topology,
    rabbitmq::{BadUrl, STOCK_URL},
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Bot, Ports, run};

const PREFIX: &str = "parlor";

/// Why a bot's process cannot start. Its `Debug` is the sentence too, for that is what a `main` that returns it shows.
#[derive(thiserror::Error)]
pub enum Unusable {
    #[error("PARLOR_BROKER_URL or PARLOR_BROKER_PREFIX: {0}")]
    Broker(#[from] BadUrl),
    #[error("signals cannot be waited for: {0}")]
    Signals(#[from] io::Error),
}

impl fmt::Debug for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs one replica at the RabbitMQ that `PARLOR_BROKER_URL` names, for the installation that `PARLOR_BROKER_PREFIX`
/// names, until SIGTERM or Ctrl-C; then finishes what it has in hand, or ends at once at the second. A broker out of reach is
/// waited for.
///
/// # Errors
/// [`Unusable`] settings; nothing has run then.
pub async fn serve(bot: Bot) -> Result<(), Unusable> {
    let set = |variable: &str, usual: &str| env::var(variable).unwrap_or_else(|_| usual.to_owned());
    let topology = Topology::new(&set("PARLOR_BROKER_PREFIX", PREFIX));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let broker = Arc::new(RabbitBroker::connect(&set("PARLOR_BROKER_URL", STOCK_URL), &topology)?);
    broker.arrives().await;
    let replica = Uuid::new_v4().simple().to_string();
    let stop = CancellationToken::new();
    let ports = Ports { broker: broker.clone(), topology, replica };
    let work = async {
        run(bot, ports, stop.clone()).await;
        // So that the last acknowledgements arrive.
        broker.close().await;
    };
    let mut signals = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let asked_twice = async {
        signals().await;
        stop.cancel();
        signals().await;
    };
    tokio::select! {
        () = work => {}
        () = asked_twice => tracing::warn!("stopped at once, as asked a second time"),
    }
    Ok(())
}
