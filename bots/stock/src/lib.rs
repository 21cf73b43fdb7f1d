//! The stock bot: `/stock aapl.us` brings "AAPL.US quote is $175.43 per share".
//!
//! * [`quote`]: symbols, prices and the sentence
//! * [`provider`]: where quotes come from, one port and an adapter each
//! * [`desk`]: which provider is asked, and what a failure says
//! * [`cache`]: one fetch for all who ask at once
//! * [`sample`]: what demo mode shows without a network
//!
//! It must not know the chat: it is a bot like any other.

use std::{sync::Arc, time::Duration};

use parlor_bot::{Bot, Command, Context, Failure, Invocation, Ports, Reply, argument};
use tokio_util::sync::CancellationToken;
use url::Url;

pub mod breaker;
pub mod cache;
pub mod desk;
mod http;
pub mod provider;
pub mod quote;
pub mod sample;

use cache::Cache;
use desk::Desk;
use provider::{Provider, stooq::Stooq, yahoo::Yahoo};
use quote::Symbol;

/// How the bot goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Base of the one provider to ask, which speaks as stooq does. With it no other is asked, and no sample answers.
    pub stock_url: Option<String>,
    /// Whether a sample may answer when no provider can be reached.
    pub demo: bool,
    /// How long a quote is as good as a new one.
    pub cache_for: Duration,
    /// Whom to ask, in this order, unless `stock_url` says so.
    pub providers: Vec<KnownProvider>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            stock_url: None,
            demo: false,
            cache_for: Duration::from_secs(15),
            providers: vec![KnownProvider::Stooq, KnownProvider::Yahoo],
        }
    }
}

/// The providers with an adapter and a public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownProvider {
    Stooq,
    Yahoo,
}

/// Why the bot cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the quote provider's address {0:?} is no http or https URL")]
    NotAnAddress(String),
    #[error("the stock bot has no quote provider to ask")]
    NoProvider,
}

/// Runs one replica until `shutdown`.
///
/// # Errors
/// If the settings make no sense; nothing has run then.
pub async fn run(config: Config, ports: Ports, shutdown: CancellationToken) -> Result<(), ConfigError> {
    parlor_bot::run(bot(config)?, ports, shutdown).await;
    Ok(())
}

/// The bot itself, for whoever runs it otherwise.
///
/// # Errors
/// If the settings make no sense.
pub fn bot(config: Config) -> Result<Bot, ConfigError> {
    let (providers, sample) = match &config.stock_url {
        Some(base) => (vec![Arc::new(Stooq::new(address(base)?)) as Arc<dyn Provider>], false),
        None => (config.providers.iter().map(KnownProvider::open).collect(), config.demo),
    };
    if providers.is_empty() {
        return Err(ConfigError::NoProvider);
    }
    Ok(bot_over(Desk::new(providers, sample), config.cache_for))
}

/// The bot over a desk of one's own making.
pub fn bot_over(desk: Desk, cache_for: Duration) -> Bot {
    let (desk, cache) = (Arc::new(desk), Arc::new(Cache::new(cache_for)));
    let symbol = argument::word("symbol")
        .summary("The share, as its exchange writes it: aapl.us")
        .matching(Symbol::PATTERN)
        .at_most(Symbol::MAX_LENGTH);
    let stock = Command::new("stock", "Shows what a share costs")
        .argument(symbol)
        .handle(move |invocation, context| answer(desk.clone(), cache.clone(), invocation, context));
    Bot::new("stock", "Stock").command(stock).at_once(64)
}

async fn answer(desk: Arc<Desk>, cache: Arc<Cache>, asked: Invocation, context: Context) -> Result<Reply, Failure> {
    let symbol = Symbol::parse(asked.text("symbol")?).map_err(|error| Failure::invalid_arguments(error.to_string()))?;
    let deadline = context.deadline();
    let fetch = {
        let symbol = symbol.clone();
        async move { desk.ask(&symbol, deadline).await }
    };
    let quote = cache
        .get(&symbol, desk::waits_until(deadline), fetch)
        .await
        .map_err(|unquoted| Failure::failed(unquoted.to_string()))?;
    Ok(quote.reply())
}

fn address(base: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| ConfigError::NotAnAddress(base.to_owned()))
}

impl KnownProvider {
    fn open(&self) -> Arc<dyn Provider> {
        match self {
            Self::Stooq => Arc::new(Stooq::public()),
            Self::Yahoo => Arc::new(Yahoo::public()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        for base in ["", "stooq.com", "ftp://stooq.com", "file:///etc/passwd", "http://"] {
            let config = Config { stock_url: Some(base.into()), ..Config::default() };
            assert_eq!(bot(config).err(), Some(ConfigError::NotAnAddress(base.into())));
        }
        let nobody = Config { providers: Vec::new(), ..Config::default() };
        assert_eq!(bot(nobody).err(), Some(ConfigError::NoProvider));
        assert!(bot(Config::default()).is_ok());
    }
}
