//! What `serve` refuses.

use confique::Layer as _;

use super::*;
use crate::settings;

fn with(change: impl FnOnce(&mut settings::Layer)) -> Settings {
    let mut flags = settings::Layer::empty();
    change(&mut flags);
    Settings::load(flags, None).unwrap()
}

#[test]
fn one_services_database_is_refused_and_not_ignored() {
    let one = with(|flags| flags.database_url = Some("sqlite:x.db".parse().unwrap()));
    let error = refuse_what_is_for_one_service(&one).unwrap_err();
    assert!(error.is::<Unusable>() && error.to_string().contains("--data"), "{error}");
    assert!(refuse_what_is_for_one_service(&with(|_| ())).is_ok());
}

#[test]
fn a_database_that_this_build_does_not_have_is_refused() {
    let server = with(|flags| flags.database_url = Some("postgres://host/x".parse().unwrap()));
    let error = services::accounts_file(&server).unwrap_err();
    assert!(error.is::<Unusable>() && error.to_string().contains("SQLite"), "{error}");
}
