//! The settings' own types: each is valid once it exists, and says in a sentence why it does not.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};
use url::Url;

/// A setting or a call that cannot work, in a sentence for the person who starts Parlor.
#[derive(Debug)]
pub struct Unusable(String);

impl Unusable {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}
impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Unusable {}

/// Reads a value by its `FromStr`.
pub fn from_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

macro_rules! deserialize_from_text {
    ($($name:ty),+) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer)
            }
        }
    )+ };
}
deserialize_from_text!(Period, BrokerUrl, Prefix, DatabaseUrl);

/// A length of time above zero, such as `200ms`, `10s`, `5m` or `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

impl FromStr for Period {
    type Err = Unusable;
    fn from_str(text: &str) -> Result<Self, Unusable> {
        let text = text.trim();
        let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let milliseconds = match &text[unit..] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => 0,
        };
        match text[..unit].parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds)) {
            Some(length @ 1..) => Ok(Self(Duration::from_millis(length))),
            _ => Err(Unusable::new("a length of time is written as 200ms, 10s, 5m or 1h, and is not zero")),
        }
    }
}

/// Which broker the services meet at.
#[derive(Clone, PartialEq, Eq)]
pub enum BrokerUrl {
    /// The one inside this process.
    Memory,
    /// A server that speaks AMQP.
    Amqp(Url),
}

impl FromStr for BrokerUrl {
    type Err = Unusable;
    fn from_str(text: &str) -> Result<Self, Unusable> {
        match text.parse::<Url>() {
            Ok(url) if text == "memory:" && url.scheme() == "memory" => Ok(Self::Memory),
            Ok(url) if matches!(url.scheme(), "amqp" | "amqps") && url.has_host() => Ok(Self::Amqp(url)),
            _ => Err(Unusable::new("a broker is memory: or amqp://user:password@host:5672/%2f")),
        }
    }
}
impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Amqp(url) => write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default()),
        }
    }
}

/// What the names of one installation's queues begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(pub String);

impl FromStr for Prefix {
    type Err = Unusable;
    fn from_str(text: &str) -> Result<Self, Unusable> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if !text.is_empty() && text.len() <= 64 && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(Unusable::new("the broker's prefix is 1 to 64 characters of a-z, 0-9, '-', '_' and '.'"))
    }
}

/// Where a service keeps its data.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(Url),
}

impl FromStr for DatabaseUrl {
    type Err = Unusable;
    fn from_str(text: &str) -> Result<Self, Unusable> {
        if let Some(file) = text.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
            return Ok(Self::Sqlite(file.into()));
        }
        match text.parse::<Url>() {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") && url.has_host() => Ok(Self::Postgres(url)),
            _ => Err(Unusable::new("a database is sqlite:FILE or postgres://user:password@host/name")),
        }
    }
}
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(url) => write!(f, "postgres://{}", url.host_str().unwrap_or_default()),
        }
    }
}

/// Text that is never shown, in a log least of all.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// `10.0.0.0/8,192.168.0.0/16`
pub fn networks(text: &str) -> Result<Vec<IpNet>, ipnet::AddrParseError> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
}

pub fn long_enough(secret: &Secret) -> Result<(), Unusable> {
    match secret.reveal().chars().count() {
        32.. => Ok(()),
        short => Err(Unusable::new(format!("the secret needs at least 32 characters and has {short}"))),
    }
}

pub fn not_empty(token: &Secret) -> Result<(), Unusable> {
    if token.reveal().is_empty() { Err(Unusable::new("an empty token protects nothing")) } else { Ok(()) }
}

pub fn web_address(url: &Url) -> Result<(), Unusable> {
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(());
    }
    Err(Unusable::new(format!("{url} is no http:// or https:// address")))
}

pub fn web_origin(url: &Url) -> Result<(), Unusable> {
    web_address(url)?;
    let origin = url.origin().ascii_serialization();
    if url.as_str().trim_end_matches('/') == origin {
        return Ok(());
    }
    Err(Unusable::new(format!("the public address has no path and no name in it: {origin}, not {url}")))
}

/// A settings file's error without the line it shows, which may hold a secret.
pub fn one_line(error: &confique::Error) -> String {
    let text = format!("{error:#}");
    let shown = |line: &&str| line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with('|');
    let parts: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !shown(line)).collect();
    parts.join(": ")
}
