//! The port: what every quote provider's adapter does. It must not know of other providers.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::quote::{Quote, Symbol};

/// Someone who knows what a share costs.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug + 'static {
    /// As an answer names its source.
    fn name(&self) -> &'static str;

    /// Asks for a quote, and gives up after `within`.
    ///
    /// # Errors
    /// What went wrong, by kind: each has its own words for the asker.
    async fn quote(&self, symbol: &Symbol, within: Duration) -> Result<Quote, Fault>;
}

/// Why a provider gave no quote. The text goes on behind "The quote provider … ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("does not know this symbol")]
    UnknownSymbol,
    #[error("cannot be reached")]
    Unreachable,
    #[error("did not answer in time")]
    Slow,
    #[error("limits how often it answers; try again later")]
    RateLimited,
    #[error("answered with a web page in place of a quote")]
    WebPage,
    #[error("answers only with a key")]
    WantsKey,
    #[error("points to another address")]
    Redirected,
    #[error("answered with the error status {0}")]
    Status(u16),
    #[error("answered with more than a quote can be")]
    TooLarge,
    #[error("broke off in the middle of its answer")]
    BrokeOff,
    #[error("answered with something that is no quote")]
    Malformed,
    #[error("named a price that makes no sense")]
    NoPrice,
}

impl Fault {
    /// Whether the provider itself is in trouble, and not only this one question.
    #[must_use]
    pub const fn is_the_providers(self) -> bool {
        !matches!(self, Self::UnknownSymbol)
    }
    /// As metrics name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownSymbol => "unknown_symbol",
            Self::Unreachable => "unreachable",
            Self::Slow => "slow",
            Self::RateLimited => "rate_limited",
            Self::WebPage => "web_page",
            Self::WantsKey => "wants_key",
            Self::Redirected => "redirected",
            Self::Status(_) => "status",
            Self::TooLarge => "too_large",
            Self::BrokeOff => "broke_off",
            Self::Malformed => "malformed",
            Self::NoPrice => "no_price",
        }
    }
}
