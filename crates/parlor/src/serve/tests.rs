//! What `serve` refuses, and how it says that a port is taken.

use confique::Layer as _;

use super::*;
use crate::{
    apart::{Service, refuse},
    settings,
};

fn with(change: impl FnOnce(&mut settings::Layer)) -> Settings {
    let mut flags = settings::Layer::empty();
    change(&mut flags);
    Settings::load(flags, None).unwrap()
}

fn refused(settings: &Settings) -> String {
    let error = refuse_what_is_for_services_alone(settings).unwrap_err();
    assert!(error.is::<Unusable>());
    error.to_string()
}

#[test]
fn what_this_build_does_not_have_is_refused_and_not_ignored() {
    assert!(refused(&with(|flags| flags.broker_url = Some("amqp://host".parse().unwrap()))).contains("memory:"));
    assert!(refused(&with(|flags| flags.database_url = Some("postgres://host/x".parse().unwrap()))).contains("SQLite"));
    assert!(refused(&with(|flags| flags.database_url = Some("sqlite:x.db".parse().unwrap()))).contains("--data"));
    let memory = with(|flags| flags.broker_url = Some(BrokerUrl::Memory));
    assert!(refuse_what_is_for_services_alone(&memory).is_ok());
}

#[test]
fn services_alone_say_why_they_do_not_start() {
    let refusal = |settings: &Settings| refuse(Service::Chat, settings).unwrap_err().to_string();
    let memory = refusal(&with(|flags| flags.broker_url = Some(BrokerUrl::Memory)));
    assert!(
        memory.contains("`parlor chat` alone, with auth at http://127.0.0.1:8081/, cannot use the broker memory:"),
        "{memory}"
    );
    let unset = refusal(&with(|_| ()));
    assert!(unset.contains("this build") && unset.contains("parlor serve"), "{unset}");
}

#[tokio::test]
async fn a_taken_port_is_one_clear_sentence() {
    let first = listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = first.local_addr().unwrap();
    let error = listen(address).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        format!("{address} is taken: stop the program that listens there, or choose another --listen.")
    );
}
