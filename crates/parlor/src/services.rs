//! What each service is told at its start, from the settings; whether it runs with the others or alone.

use std::{num::NonZeroU32, path::PathBuf};

use anyhow::Result;
use parlor_edge::{Keys, Site};

use crate::settings::{DatabaseUrl, Secret, Settings, Unusable};

const SQLITE_ONLY: &str = "This build keeps its data in SQLite only: --database-url takes sqlite:FILE.";

/// The accounts' database in the data folder.
const ACCOUNTS: &str = "auth.db";
/// The chat's database in the data folder.
const ROOMS: &str = "chat.db";

/// Where the accounts are kept.
///
/// # Errors
/// [`Unusable`] for a database on a server.
pub fn accounts_file(settings: &Settings) -> Result<PathBuf> {
    file(settings, ACCOUNTS)
}

/// Where the rooms are kept.
///
/// # Errors
/// As [`accounts_file`].
pub fn rooms_file(settings: &Settings) -> Result<PathBuf> {
    file(settings, ROOMS)
}

fn file(settings: &Settings, name: &str) -> Result<PathBuf> {
    match &settings.database_url {
        None => Ok(settings.data.join(name)),
        Some(DatabaseUrl::Sqlite(file)) => Ok(file.clone()),
        Some(DatabaseUrl::Postgres(_)) => Err(Unusable::new(SQLITE_ONLY).into()),
    }
}

fn public_url(settings: &Settings) -> Option<String> {
    settings.public_url.as_ref().map(ToString::to_string)
}

/// # Errors
/// If the public URL is none.
pub fn site(settings: &Settings) -> Result<Site> {
    Ok(Site::new(public_url(settings).as_deref(), settings.demo_people().is_some())?)
}

/// # Errors
/// As [`accounts_file`].
pub fn auth(settings: &Settings, secret: &Secret) -> Result<parlor_auth::Config> {
    Ok(parlor_auth::Config {
        store: accounts_file(settings)?,
        secret: secret.reveal().to_owned(),
        public_url: public_url(settings),
        demo: settings.demo_people(),
        login_rate: settings.login_rate,
        trusted_proxies: settings.trusted_proxies.clone(),
    })
}

/// The chat, which waits at its start for the commands of bots that start with it.
///
/// # Errors
/// [`Unusable`] for a database on a server.
pub fn chat(
    settings: &Settings,
    keys: Keys,
    site: Site,
    built_in_commands: Vec<String>,
) -> Result<parlor_chat::Config> {
    Ok(parlor_chat::Config {
        database: rooms_file(settings)?,
        keys,
        site,
        demo: settings.demo_people(),
        message_rate: NonZeroU32::new(settings.message_rate),
        sockets_per_person: usize::try_from(settings.sockets_per_person).ok().filter(|&sockets| sockets > 0),
        command_timeout: settings.command_timeout.0,
        ping_interval: settings.ping_interval.0,
        built_in_commands,
    })
}

/// # Errors
/// If the bot cannot be made of these settings.
pub fn stock(settings: &Settings) -> Result<parlor_bot::Bot> {
    Ok(parlor_stock::bot(parlor_stock::Config {
        stock_url: settings.stock_url.as_ref().map(ToString::to_string),
        demo: settings.demo_people().is_some(),
        ..parlor_stock::Config::default()
    })?)
}
