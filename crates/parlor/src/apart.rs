//! One service in this process; it meets the others at a broker between processes, and over HTTP. Each has its own
//! settings and its own store, and goes on while the others are away. What they do is theirs.

use std::sync::Arc;

use anyhow::Result;
use parlor_broker::rabbitmq::STOCK_URL;
use parlor_chat::auth::Remote;
use parlor_edge::{Guard, Keys, Readiness};
use tokio::join;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    entrance,
    hold::hold,
    meeting::Meeting,
    secret, services,
    settings::{BrokerUrl, Secret, Settings, Unusable},
    telemetry::Metrics,
};

/// The accounts, until `stop`.
///
/// # Errors
/// If something cannot be opened; nothing has run then.
pub async fn auth(settings: Settings, stop: CancellationToken) -> Result<()> {
    let url = broker("auth", &settings)?;
    let secret = shared_secret("auth", &settings)?;
    let config = services::auth(&settings, &secret)?;
    let guard =
        Guard::new(services::site(&settings)?, Keys::derive(secret.reveal())?, settings.trusted_proxies.clone());
    let listener = entrance::listen(settings.listen.unwrap_or(entrance::AUTH.into())).await?;
    secret::make_folder(&settings.data)?;
    let _held = hold(&config.store)?;
    let metrics = Metrics::record()?;
    let readiness = Readiness::starting();
    let meeting = Meeting::at(&url, &settings).await?;
    let ports = parlor_auth::Ports {
        broker: Some(Arc::clone(&meeting.broker)),
        topology: meeting.topology.clone(),
        readiness: readiness.clone(),
    };
    let auth = parlor_auth::open(config, ports).await?;
    let router = guard.around(auth.router().merge(entrance::probes(&settings, &readiness, &metrics)));
    entrance::announce(&listener)?;
    readiness.ready();
    join!(
        entrance::close(&readiness, &stop),
        parlor_edge::serve::serve_within(entrance::times(settings.shutdown_timeout.0), listener, router, stop.clone()),
        auth.run(stop.clone()),
        meeting.watch(&readiness, &stop),
        metrics.run(stop.clone()),
    );
    end(meeting).await;
    Ok(())
}

/// The rooms, and the front of the one address, until `stop`.
///
/// # Errors
/// If something cannot be opened; nothing has run then.
pub async fn chat(settings: Settings, stop: CancellationToken) -> Result<()> {
    let url = broker("chat", &settings)?;
    let keys = Keys::derive(shared_secret("chat", &settings)?.reveal())?;
    let site = services::site(&settings)?;
    let config = services::chat(&settings, keys.clone(), site.clone(), Vec::new())?;
    let listener = entrance::listen(settings.listen.unwrap_or(entrance::FRONT.into())).await?;
    secret::make_folder(&settings.data)?;
    let _held = hold(&config.database)?;
    let metrics = Metrics::record()?;
    let readiness = Readiness::starting();
    let meeting = Meeting::at(&url, &settings).await?;
    let ports = parlor_chat::Ports {
        broker: Arc::clone(&meeting.broker),
        topology: meeting.topology.clone(),
        auth: Arc::new(Remote::new(settings.auth_url.clone())?),
        readiness: readiness.clone(),
    };
    let chat = parlor_chat::open(config, ports).await?;
    let probes = entrance::probes(&settings, &readiness, &metrics);
    let guard = Guard::new(site, keys, settings.trusted_proxies.clone());
    let front = entrance::front(chat.router(), probes, &guard);
    entrance::invite(&listener, settings.demo_people())?;
    let stop_chat = CancellationToken::new();
    let http = async {
        parlor_edge::serve::serve_within(entrance::times(settings.shutdown_timeout.0), listener, front, stop.clone())
            .await;
        stop_chat.cancel();
    };
    join!(entrance::close(&readiness, &stop), http, chat.run(stop_chat.clone()), metrics.run(stop.clone()));
    end(meeting).await;
    Ok(())
}

/// The stock bot, until `stop`. It listens, for probes alone, only if it is told where.
///
/// # Errors
/// If something cannot be opened; nothing has run then.
pub async fn stock(settings: Settings, stop: CancellationToken) -> Result<()> {
    let url = broker("bot stock", &settings)?;
    let bot = services::stock(&settings)?.finish_within(settings.shutdown_timeout.0 * 4 / 5);
    let listener = match settings.listen {
        Some(address) => Some(entrance::listen(address).await?),
        None => None,
    };
    let metrics = Metrics::record()?;
    let readiness = Readiness::starting();
    let meeting = Meeting::at(&url, &settings).await?;
    let ports = parlor_bot::Ports {
        broker: Arc::clone(&meeting.broker),
        topology: meeting.topology.clone(),
        replica: secret::hex(&secret::random::<8>()?),
    };
    if let Some(listener) = &listener {
        entrance::announce(listener)?;
    }
    readiness.ready();
    let probes = async {
        if let Some(listener) = listener {
            let probes = entrance::probes(&settings, &readiness, &metrics);
            parlor_edge::serve::serve_within(
                entrance::times(settings.shutdown_timeout.0),
                listener,
                probes,
                stop.clone(),
            )
            .await;
        }
    };
    join!(
        entrance::close(&readiness, &stop),
        probes,
        parlor_bot::run(bot, ports, stop.clone()),
        meeting.watch(&readiness, &stop),
        metrics.clone().run(stop.clone()),
    );
    end(meeting).await;
    Ok(())
}

async fn end(meeting: Meeting) {
    meeting.close().await;
    tracing::info!("stopped");
}

/// Where a service alone meets the others.
///
/// # Errors
/// [`Unusable`] for a broker that reaches no other process.
fn broker(service: &str, settings: &Settings) -> Result<Url> {
    match &settings.broker_url {
        None => Ok(Url::parse(STOCK_URL)?),
        Some(BrokerUrl::Amqp(url)) => Ok(url.clone()),
        Some(BrokerUrl::Memory) => Err(Unusable::new(format!(
            "`parlor {service}` alone cannot use the broker memory:, which is inside one process and reaches no other: \
             give it --broker-url amqp://…, or run `parlor serve`, which has all services in it."
        ))
        .into()),
    }
}

/// The secret that all services of the installation have. A service alone makes none, for the others would not have it.
///
/// # Errors
/// [`Unusable`] if there is none.
fn shared_secret(service: &str, settings: &Settings) -> Result<Secret> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.clone());
    }
    secret::kept_in(&settings.data)?.ok_or_else(|| {
        Unusable::new(format!(
            "`parlor {service}` alone needs PARLOR_SECRET, at least 32 characters and the same for all services of the \
             installation (`openssl rand -hex 32` makes one)."
        ))
        .into()
    })
}

#[cfg(test)]
mod tests {
    use confique::Layer as _;

    use super::*;
    use crate::settings;

    fn with(change: impl FnOnce(&mut settings::Layer)) -> Settings {
        let mut flags = settings::Layer::empty();
        change(&mut flags);
        Settings::load(flags, None).unwrap()
    }

    #[test]
    fn a_service_alone_meets_the_others_at_a_stock_rabbitmq_unless_told_otherwise() {
        assert_eq!(broker("chat", &with(|_| ())).unwrap().as_str(), STOCK_URL);
        let elsewhere = "amqp://parlor:pass@broker.internal:5672/chat";
        let told = with(|flags| flags.broker_url = Some(elsewhere.parse().unwrap()));
        assert_eq!(broker("chat", &told).unwrap().as_str(), elsewhere);
    }

    #[test]
    fn a_broker_inside_one_process_is_refused_in_a_sentence() {
        let memory = with(|flags| flags.broker_url = Some(BrokerUrl::Memory));
        let error = broker("chat", &memory).unwrap_err();
        assert!(error.is::<Unusable>());
        assert!(error.to_string().starts_with("`parlor chat` alone cannot use the broker memory:"), "{error}");
    }

    #[test]
    fn a_secret_is_not_made_but_one_that_is_kept_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let settings = with(|flags| flags.data = Some(folder.path().to_owned()));
        let error = shared_secret("auth", &settings).unwrap_err();
        assert!(error.is::<Unusable>() && error.to_string().contains("PARLOR_SECRET"), "{error}");
        let kept = secret::in_folder(folder.path()).unwrap();
        assert_eq!(shared_secret("auth", &settings).unwrap(), kept);
    }
}
