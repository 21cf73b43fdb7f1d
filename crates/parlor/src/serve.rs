//! All services in this one process: opened in order, run together, stopped in order. What they do is theirs.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use axum::Router;
use parlor_chat::auth::InProcess;
use parlor_edge::{Guard, Keys, Readiness};
use tokio::{join, net::TcpListener};
use tokio_util::sync::CancellationToken;

use crate::{
    entrance,
    hold::{Held, hold},
    meeting::Meeting,
    secret, services,
    settings::{BrokerUrl, DatabaseUrl, Settings, Unusable},
    telemetry::Metrics,
};

/// Runs until `stop`, then stops in order.
///
/// # Errors
/// If something cannot be opened; nothing has run then.
pub async fn serve(settings: Settings, stop: CancellationToken) -> Result<()> {
    refuse_what_is_for_one_service(&settings)?;
    let listener = entrance::listen(settings.listen.unwrap_or(entrance::FRONT.into())).await?;
    let metrics = Metrics::record()?;
    let parts = Parts::open(&settings, &metrics).await?;
    entrance::invite(&listener, settings.demo_people())?;
    parts.run(listener, metrics, settings.shutdown_timeout.0, stop).await;
    Ok(())
}

fn refuse_what_is_for_one_service(settings: &Settings) -> Result<()> {
    match &settings.database_url {
        Some(DatabaseUrl::Sqlite(_)) => Err(Unusable::new(
            "--database-url sqlite:FILE is one service's; all services together keep a file each in --data.",
        )
        .into()),
        None | Some(DatabaseUrl::Postgres(_)) => Ok(()),
    }
}

/// Everything that runs, open.
struct Parts {
    auth: parlor_auth::Auth,
    chat: parlor_chat::Chat,
    bot: parlor_bot::Bot,
    replica: String,
    meeting: Meeting,
    front: Router,
    readiness: Readiness,
    held: [Held; 2],
}

impl Parts {
    async fn open(settings: &Settings, metrics: &Metrics) -> Result<Self> {
        let secret = match &settings.secret {
            Some(secret) => secret.clone(),
            None => secret::in_folder(&settings.data)?,
        };
        secret::make_folder(&settings.data)?;
        let accounts = services::auth(settings, &secret)?;
        let held = [hold(&accounts.store)?, hold(&services::rooms_file(settings)?)?];
        let keys = Keys::derive(secret.reveal())?;
        let site = services::site(settings)?;
        let readiness = Readiness::starting();
        let bot = services::stock(settings)?;
        let meeting = match &settings.broker_url {
            None | Some(BrokerUrl::Memory) => Meeting::inside(settings),
            Some(BrokerUrl::Amqp(url)) => Meeting::at(url, settings).await?,
        };
        let auth_ports = parlor_auth::Ports {
            broker: Some(Arc::clone(&meeting.broker)),
            topology: meeting.topology.clone(),
            readiness: Readiness::starting(),
        };
        let auth = parlor_auth::open(accounts, auth_ports).await?;
        let chat_ports = parlor_chat::Ports {
            broker: Arc::clone(&meeting.broker),
            topology: meeting.topology.clone(),
            auth: Arc::new(InProcess(auth.router())),
            readiness: readiness.clone(),
        };
        let built_in = vec!["stock".to_owned()];
        let rooms = services::chat(settings, keys.clone(), site.clone(), built_in)?;
        let chat = parlor_chat::open(rooms, chat_ports).await?;

        let probes = entrance::probes(settings, &readiness, metrics);
        let guard = Guard::new(site, keys, settings.trusted_proxies.clone());
        let front = entrance::front(chat.router(), probes, &guard);
        let replica = secret::hex(&secret::random::<8>()?);
        Ok(Self { auth, chat, bot, replica, meeting, front, readiness, held })
    }

    /// The stop: no new requests, and bots finish what they have; then the chat, which takes their answers and says
    /// goodbye; then the accounts, which the chat asks; then the broker, at which they met.
    async fn run(self, listener: TcpListener, metrics: Metrics, limit: Duration, stop: CancellationToken) {
        let Self { auth, chat, bot, replica, meeting, front, readiness, held } = self;
        let (stop_chat, stop_auth) = (CancellationToken::new(), CancellationToken::new());
        let bot = bot.finish_within(limit / 2);
        let bot_ports =
            parlor_bot::Ports { broker: Arc::clone(&meeting.broker), topology: meeting.topology.clone(), replica };
        let work = async {
            let front = parlor_edge::serve::serve_within(entrance::times(limit), listener, front, stop.clone());
            join!(entrance::close(&readiness, &stop), front, parlor_bot::run(bot, bot_ports, stop.clone()));
            stop_chat.cancel();
        };
        let rooms = async {
            chat.run(stop_chat.clone()).await;
            stop_auth.cancel();
        };
        join!(work, rooms, auth.run(stop_auth.clone()), metrics.run(stop_auth.clone()));
        meeting.close().await;
        drop(held);
        tracing::info!("stopped");
    }
}

#[cfg(test)]
mod tests;
