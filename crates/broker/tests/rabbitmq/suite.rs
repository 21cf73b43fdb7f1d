//! The conformance suite, each guarantee with connections and a prefix of its own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use parlor_broker::{RabbitBroker, conformance::Connections};

use crate::real::Installation;

/// The connections by prefix, to close them in the end: what they still had to announce would bring the exchange back.
static OPEN: Mutex<Option<HashMap<String, [Arc<RabbitBroker>; 2]>>> = Mutex::new(None);

async fn connect() -> Connections {
    let installation = Installation::new();
    let (one, other) = (Arc::new(installation.connected().await), Arc::new(installation.connected().await));
    let mut open = OPEN.lock().expect("nobody panics with it");
    open.get_or_insert_default().insert(installation.prefix().to_owned(), [one.clone(), other.clone()]);
    Connections::new(installation.prefix(), one, other)
}

async fn tidy(connections: Connections) {
    let open = OPEN.lock().expect("nobody panics with it").get_or_insert_default().remove(&connections.prefix);
    for broker in open.into_iter().flatten() {
        broker.close().await;
    }
    Installation::of(&connections.prefix).tidy(&connections.declared()).await;
}

parlor_broker::conformance!(connect, tidy);
