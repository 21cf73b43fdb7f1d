//! The conformance suite, each guarantee with connections and a prefix of its own.

use std::sync::Arc;

use parlor_broker::conformance::Connections;

use crate::real::Installation;

async fn connect() -> Connections {
    let installation = Installation::new();
    let (one, other) = (installation.connected().await, installation.connected().await);
    Connections::new(installation.prefix(), Arc::new(one), Arc::new(other))
}

async fn tidy(connections: Connections) {
    Installation::of(&connections.prefix).tidy(&connections.declared()).await;
}

parlor_broker::conformance!(connect, tidy);
