//! Every setting once: its flag, its environment variable, its name in the file, its default and its text. Flags
//! win over the environment, the environment over the file. `parlor config` prints the sample made from it.

mod values;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::Result;
use confique::{Config, FormatOptions, Layer as _};
use ipnet::IpNet;
use parlor_protocol::demo;
use url::Url;

pub use self::values::{
    BrokerUrl, DatabaseUrl, LogFormat, Period, Prefix, Secret, Unusable, long_enough as check_secret,
};

/// The file that is read when neither `--config` nor `PARLOR_CONFIG` names one.
pub const FILE: &str = "parlor.toml";

/// Part of the settings, from one source.
pub type Layer = <Settings as Config>::Layer;

/// Settings of Parlor. Each can also be given as an environment variable, and most as a flag: a flag wins over the
/// environment, the environment over this file. Durations are written as 200ms, 10s, 5m or 1h.
#[derive(Debug, Config)]
#[config(layer_attr(derive(Debug, Clone, clap::Args)), layer_attr(serde(deny_unknown_fields)))]
pub struct Settings {
    /// Address and port to listen on: 127.0.0.1:8080 unless set, 127.0.0.1:8081 for `parlor auth` alone.
    #[config(env = "PARLOR_LISTEN", layer_attr(arg(long, global = true, value_name = "ADDRESS:PORT")))]
    pub listen: Option<SocketAddr>,

    /// Folder of the embedded data.
    #[config(env = "PARLOR_DATA", default = "./data", layer_attr(arg(long, global = true, value_name = "FOLDER")))]
    pub data: PathBuf,

    /// Where a service alone keeps its data, as sqlite:FILE. Unset: an SQLite file for each service in the data
    /// folder.
    #[config(env = "PARLOR_DATABASE_URL", layer_attr(arg(long, global = true, value_name = "URL")))]
    pub database_url: Option<DatabaseUrl>,

    /// The message broker. Unset: memory:, inside the one process of `parlor serve`; for a service alone
    /// amqp://guest:guest@127.0.0.1:5672/%2f. Outside bots join at an amqp:// broker only.
    #[config(env = "PARLOR_BROKER_URL", layer_attr(arg(long, global = true, value_name = "URL")))]
    pub broker_url: Option<BrokerUrl>,

    /// What the name of every exchange and queue begins with.
    #[config(
        env = "PARLOR_BROKER_PREFIX",
        default = "parlor",
        layer_attr(arg(long, global = true, value_name = "NAME"))
    )]
    pub broker_prefix: Prefix,

    /// Where `parlor chat` alone finds auth.
    #[config(
        env = "PARLOR_AUTH_URL",
        default = "http://127.0.0.1:8081",
        deserialize_with = values::from_text,
        layer_attr(arg(long, global = true, value_name = "URL"))
    )]
    pub auth_url: Url,

    /// At least 32 characters, the same for all services of an installation. Unset: `parlor serve` makes one on its
    /// first start and keeps it in the data folder; a service alone takes one that is kept there, and makes none.
    #[config(env = "PARLOR_SECRET", validate = values::long_enough, layer_attr(arg(skip)))]
    pub secret: Option<Secret>,

    /// The address people use, such as https://chat.example.org: decides which Origin is accepted, the cookie's
    /// Secure and __Host-, and links. Unset: Origin must be http:// and the Host asked for.
    #[config(
        env = "PARLOR_PUBLIC_URL",
        deserialize_with = values::from_text,
        validate = values::web_origin,
        layer_attr(arg(long, global = true, value_name = "URL"))
    )]
    pub public_url: Option<Url>,

    /// Networks of the proxies whose X-Forwarded-For counts, such as 10.0.0.0/8; several with commas between them.
    #[config(
        env = "PARLOR_TRUSTED_PROXIES",
        default = [],
        parse_env = values::networks,
        layer_attr(arg(long, global = true, value_delimiter = ',', value_name = "CIDR"))
    )]
    pub trusted_proxies: Vec<IpNet>,

    /// Makes the demo people carlos, john and gerard, password 1234. On loopback only.
    #[config(
        env = "PARLOR_DEMO",
        default = false,
        layer_attr(arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true"))
    )]
    pub demo: bool,

    /// Makes so many more demo people, demo0001 and so on, with the same password. Implies demo.
    #[config(env = "PARLOR_DEMO_PEOPLE", layer_attr(arg(long, global = true, value_name = "N")))]
    pub demo_people: Option<u32>,

    /// Messages a second that one person may send, with a burst of ten times as many; 0 is without limit.
    #[config(env = "PARLOR_MESSAGE_RATE", default = 20, layer_attr(arg(long, global = true, value_name = "N")))]
    pub message_rate: u32,

    /// Failed logins a minute for an account and address, ten times as many for an address; 0 is without limit.
    #[config(env = "PARLOR_LOGIN_RATE", default = 10, layer_attr(arg(long, global = true, value_name = "N")))]
    pub login_rate: u32,

    /// Sockets that one person may have open; 0 is without limit.
    #[config(env = "PARLOR_SOCKETS_PER_PERSON", default = 100, layer_attr(arg(long, global = true, value_name = "N")))]
    pub sockets_per_person: u32,

    /// How long a command may take whose bot does not say.
    #[config(
        env = "PARLOR_COMMAND_TIMEOUT",
        default = "10s",
        layer_attr(arg(long, global = true, value_name = "TIME"))
    )]
    pub command_timeout: Period,

    /// The quote provider's base address. When set, no other provider is asked and no sample answers.
    #[config(
        env = "PARLOR_STOCK_URL",
        deserialize_with = values::from_text,
        validate = values::web_address,
        layer_attr(arg(long, global = true, value_name = "URL"))
    )]
    pub stock_url: Option<Url>,

    /// Token with which /metrics can be read from elsewhere than this machine.
    #[config(env = "PARLOR_METRICS_TOKEN", validate = values::not_empty, layer_attr(arg(skip)))]
    pub metrics_token: Option<Secret>,

    /// How often a quiet socket is pinged.
    #[config(env = "PARLOR_PING_INTERVAL", default = "30s", layer_attr(arg(long, global = true, value_name = "TIME")))]
    pub ping_interval: Period,

    /// How long a stop may take before it is cut short.
    #[config(
        env = "PARLOR_SHUTDOWN_TIMEOUT",
        default = "10s",
        layer_attr(arg(long, global = true, value_name = "TIME"))
    )]
    pub shutdown_timeout: Period,

    /// What is logged: error, warn, info, debug or trace, for single parts too, such as info,parlor_chat=debug.
    #[config(env = "PARLOR_LOG", default = "info", layer_attr(arg(long, global = true, value_name = "FILTER")))]
    pub log: String,

    /// How it is logged: text or json.
    #[config(env = "PARLOR_LOG_FORMAT", default = "text", layer_attr(arg(long, global = true, value_name = "FORMAT")))]
    pub log_format: LogFormat,
}

impl Settings {
    /// The settings of this process: flags over environment over file.
    ///
    /// # Errors
    /// [`Unusable`], in a sentence for the person who starts Parlor.
    pub fn load(flags: Layer, file: Option<&Path>) -> Result<Self> {
        let environment = Layer::from_env();
        let environment = environment.map_err(|error| Unusable::new(error.to_string().replace("Settings::", "")))?;
        let file = match file {
            Some(file) => confique::File::with_format(file, confique::FileFormat::Toml).required().load(),
            None => confique::File::with_format(FILE, confique::FileFormat::Toml).load(),
        };
        Self::from_layers(flags, environment, file.map_err(|error| Unusable::new(values::one_line(&error)))?)
    }

    fn from_layers(flags: Layer, environment: Layer, file: Layer) -> Result<Self> {
        let layer = flags.with_fallback(environment).with_fallback(file).with_fallback(Layer::default_values());
        let settings = Self::from_layer(layer).map_err(|error| Unusable::new(error.to_string()))?;
        settings.check_demo()?;
        Ok(settings)
    }

    /// How many demo people there are beside the three, in demo mode.
    pub fn demo_people(&self) -> Option<u32> {
        self.demo_people.or(self.demo.then_some(0))
    }

    fn check_demo(&self) -> Result<()> {
        let Some(more) = self.demo_people() else { return Ok(()) };
        if more > demo::MOST_MORE_PEOPLE {
            let most = demo::MOST_MORE_PEOPLE;
            return Err(Unusable::new(format!("--demo-people takes at most {most}, not {more}.")).into());
        }
        match self.listen {
            Some(listen) if !listen.ip().is_loopback() => Err(Unusable::new(format!(
                "Demo mode listens on loopback only, because everybody knows its passwords: leave out --demo, or \
                 listen on 127.0.0.1 instead of {listen}."
            ))
            .into()),
            _ => Ok(()),
        }
    }

    /// The commented sample of the settings file.
    #[must_use]
    pub fn sample() -> String {
        let mut options = confique::toml::FormatOptions::default();
        options.general = FormatOptions::default();
        confique::toml::template::<Self>(options)
    }
}

#[cfg(test)]
mod tests;
