//! The services as processes of their own. They meet at a broker between processes, and this build has none.

use anyhow::Result;

use crate::settings::{BrokerUrl, Settings, Unusable};

/// A service that can be asked for alone.
#[derive(Debug, Clone, Copy)]
pub enum Service {
    Auth,
    Chat,
    Stock,
}

/// Refuses to start `service` alone, with the reason.
///
/// # Errors
/// Always [`Unusable`].
pub fn refuse(service: Service, settings: &Settings) -> Result<()> {
    let service = match service {
        Service::Auth => "`parlor auth` alone".to_owned(),
        Service::Chat => format!("`parlor chat` alone, with auth at {},", settings.auth_url),
        Service::Stock => "`parlor bot stock` alone".to_owned(),
    };
    let sentence = match settings.broker_url {
        Some(BrokerUrl::Memory) => format!(
            "{service} cannot use the broker memory:, which is inside one process and reaches no other: \
             run `parlor serve`, which has all services in it."
        ),
        None | Some(BrokerUrl::Amqp(_)) => format!(
            "{service} needs a broker between processes, and this build has the one inside the process \
             only: run `parlor serve`, which has all services in it."
        ),
    };
    Err(Unusable::new(sentence).into())
}
