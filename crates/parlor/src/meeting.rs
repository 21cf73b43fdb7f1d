//! The broker at which the services meet, as the settings name it. Must not know the services.

use std::sync::Arc;

use anyhow::Result;
use parlor_broker::{Broker, MemoryBroker, RabbitBroker, Status, Topology};
use parlor_edge::Readiness;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::settings::{Settings, Unusable};

/// A broker, and how its queues are named.
pub struct Meeting {
    pub broker: Arc<dyn Broker>,
    pub topology: Topology,
    /// What has to be closed, so that what was settled arrives.
    rabbit: Option<Arc<RabbitBroker>>,
}

impl Meeting {
    /// Inside this process.
    pub fn inside(settings: &Settings) -> Self {
        Self { broker: Arc::new(MemoryBroker::new()), topology: topology(settings), rabbit: None }
    }

    /// At a RabbitMQ, which may come later and go away in between.
    ///
    /// # Errors
    /// [`Unusable`] for a URL that names none.
    pub async fn at(url: &Url, settings: &Settings) -> Result<Self> {
        let topology = topology(settings);
        let rabbit = RabbitBroker::connect(url.as_str(), &topology)
            .map_err(|error| Unusable::new(format!("--broker-url: {error}")))?;
        let rabbit = Arc::new(rabbit);
        rabbit.arrives().await;
        Ok(Self { broker: Arc::clone(&rabbit) as Arc<dyn Broker>, topology, rabbit: Some(rabbit) })
    }

    /// Says in `/readyz` whether the broker is there, for a service that does not look itself; until `stop`.
    pub async fn watch(&self, readiness: &Readiness, stop: &CancellationToken) {
        let tell = |now| match now {
            Status::Up => readiness.restore("broker"),
            Status::Down => readiness.degrade("broker"),
        };
        Status::follow(self.broker.status(), stop, tell).await;
    }

    /// Ends it, once nobody uses it any more.
    pub async fn close(self) {
        if let Some(rabbit) = self.rabbit {
            rabbit.close().await;
        }
    }
}

fn topology(settings: &Settings) -> Topology {
    Topology::new(&settings.broker_prefix.0)
}
