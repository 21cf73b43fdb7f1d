//! Which provider is asked, for how long, and what the asker is told if none has a quote. How a provider is asked is not
//! known here.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    breaker::Breaker,
    provider::{Fault, Provider},
    quote::{Quote, Symbol},
    sample,
};

/// No provider is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(4);
/// What is left of the deadline for the answer's way back.
const WAY_BACK: Duration = Duration::from_secs(1);

/// The providers in the order in which they are asked.
#[derive(Debug)]
pub struct Desk {
    counters: Vec<Counter>,
    /// Whether the sample may answer when nobody can be reached.
    sample: bool,
}

#[derive(Debug)]
struct Counter {
    provider: Arc<dyn Provider>,
    breaker: Breaker,
}

/// Why there is no quote, in words for the asker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unquoted {
    #[error("There is no quote for {0}: the symbol is unknown.")]
    UnknownSymbol(String),
    #[error("The quote provider {provider} {fault}.")]
    Fault { provider: &'static str, fault: Fault },
    /// Someone else's question for the same share takes longer than this asker can wait.
    #[error("The quote did not come in time.")]
    TooLate,
}

impl Desk {
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn Provider>>, sample: bool) -> Self {
        Self::with_breakers(providers, sample, Breaker::default)
    }
    fn with_breakers(providers: Vec<Arc<dyn Provider>>, sample: bool, breaker: impl Fn() -> Breaker) -> Self {
        let counter = |provider| Counter { provider, breaker: breaker() };
        Self { counters: providers.into_iter().map(counter).collect(), sample }
    }

    /// Asks one after the other until there is a quote. The first provider's fault is the one that is told.
    ///
    /// # Errors
    /// [`Unquoted`]
    pub async fn ask(&self, symbol: &Symbol, deadline: Instant) -> Result<Quote, Unquoted> {
        let mut faults = Vec::new();
        for counter in &self.counters {
            if counter.breaker.lets_through(Instant::now()) {
                match counter.ask(symbol, deadline).await {
                    Ok(quote) => return Ok(quote),
                    Err(fault) => faults.push((counter.provider.name(), fault)),
                }
            }
        }
        // Somebody waits for an answer, and there is nobody else to ask.
        if let (true, Some(first)) = (faults.is_empty(), self.counters.first()) {
            match first.ask(symbol, deadline).await {
                Ok(quote) => return Ok(quote),
                Err(fault) => faults.push((first.provider.name(), fault)),
            }
        }
        self.without_quote(symbol, &faults)
    }

    fn without_quote(&self, symbol: &Symbol, faults: &[(&'static str, Fault)]) -> Result<Quote, Unquoted> {
        let unreached = faults.iter().all(|(_, fault)| *fault == Fault::Unreachable);
        if self.sample
            && unreached
            && let Some(quote) = sample::quote(symbol)
        {
            return Ok(quote);
        }
        // One who knows that there is no such share knows more than those who failed.
        let unknown = faults.iter().any(|(_, fault)| *fault == Fault::UnknownSymbol);
        match faults.first() {
            Some((provider, fault)) if !unknown => Err(Unquoted::Fault { provider, fault: *fault }),
            _ => Err(Unquoted::UnknownSymbol(symbol.to_string())),
        }
    }
}

impl Counter {
    async fn ask(&self, symbol: &Symbol, deadline: Instant) -> Result<Quote, Fault> {
        let provider = self.provider.name();
        let asked = Instant::now();
        let within = time_for_one(deadline.saturating_duration_since(asked));
        let result = self.provider.quote(symbol, within).await;
        let end = match &result {
            Ok(_) => "quote",
            Err(fault) => fault.as_str(),
        };
        metrics::counter!("parlor_stock_fetches_total", "provider" => provider, "end" => end).increment(1);
        metrics::histogram!("parlor_stock_fetch_seconds", "provider" => provider).record(asked.elapsed().as_secs_f64());
        match &result {
            Err(fault) if fault.is_the_providers() => {
                tracing::warn!(provider, %symbol, %fault, "no quote");
                self.breaker.failed(Instant::now());
            }
            Ok(_) | Err(_) => self.breaker.succeeded(),
        }
        result
    }
}

/// When an asker with this deadline stops to wait, so that the word of it still arrives. Later than any provider is
/// waited for, whose own fault says more.
pub(crate) fn waits_until(deadline: Instant) -> Instant {
    let left = deadline.saturating_duration_since(Instant::now());
    deadline - (left / 4).min(WAY_BACK / 2)
}

/// Four seconds, if one is left for the way back; of a short time, half.
fn time_for_one(left: Duration) -> Duration {
    left.saturating_sub(WAY_BACK).max(left.min(2 * WAY_BACK) / 2).min(PATIENCE)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    };

    use async_trait::async_trait;

    use super::*;
    use crate::quote::{Price, Source};

    #[derive(Debug)]
    struct Scripted {
        name: &'static str,
        answer: Mutex<Result<&'static str, Fault>>,
        asked: AtomicU32,
    }

    impl Scripted {
        fn new(name: &'static str, answer: Result<&'static str, Fault>) -> Arc<Self> {
            Arc::new(Self { name, answer: Mutex::new(answer), asked: AtomicU32::new(0) })
        }
        fn asked(&self) -> u32 {
            self.asked.load(Ordering::SeqCst)
        }
        fn answers_now(&self, answer: Result<&'static str, Fault>) {
            *self.answer.lock().unwrap() = answer;
        }
    }

    #[async_trait]
    impl Provider for Scripted {
        fn name(&self) -> &'static str {
            self.name
        }
        async fn quote(&self, symbol: &Symbol, _within: Duration) -> Result<Quote, Fault> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let price = Price::parse((*self.answer.lock().unwrap())?).unwrap();
            let source = Source::Provider(self.name);
            Ok(Quote { symbol: symbol.clone(), price, currency: None, source, as_of: None, figures: Vec::new() })
        }
    }

    async fn ask(desk: &Desk) -> Result<Source, Unquoted> {
        let symbol = Symbol::parse("aapl.us").unwrap();
        desk.ask(&symbol, Instant::now() + Duration::from_secs(10)).await.map(|quote| quote.source)
    }

    #[tokio::test]
    async fn the_second_is_asked_when_the_first_has_no_quote() {
        for fault in [Fault::Unreachable, Fault::WebPage, Fault::UnknownSymbol] {
            let (first, second) = (Scripted::new("first", Err(fault)), Scripted::new("second", Ok("1.00")));
            let desk = Desk::new(vec![first, second], true);
            assert_eq!(ask(&desk).await, Ok(Source::Provider("second")));
        }
    }

    #[tokio::test]
    async fn the_first_ones_fault_is_told_unless_another_knows_better() {
        let told = async |faults: [Fault; 2]| {
            let desk =
                Desk::new(vec![Scripted::new("first", Err(faults[0])), Scripted::new("second", Err(faults[1]))], false);
            ask(&desk).await.unwrap_err().to_string()
        };
        assert_eq!(told([Fault::Slow, Fault::RateLimited]).await, "The quote provider first did not answer in time.");
        let unknown = "There is no quote for AAPL.US: the symbol is unknown.";
        assert_eq!(told([Fault::Slow, Fault::UnknownSymbol]).await, unknown);
        assert_eq!(told([Fault::UnknownSymbol, Fault::Slow]).await, unknown);
    }

    #[tokio::test]
    async fn a_provider_that_keeps_failing_is_passed_over() {
        let (first, second) = (Scripted::new("first", Err(Fault::Slow)), Scripted::new("second", Ok("1.00")));
        let desk = Desk::new(vec![first.clone(), second.clone()], false);
        for _ in 0..5 {
            assert_eq!(ask(&desk).await, Ok(Source::Provider("second")));
        }
        assert_eq!((first.asked(), second.asked()), (3, 5));
    }

    #[tokio::test]
    async fn a_provider_that_has_rested_is_asked_first_again() {
        let (first, second) = (Scripted::new("first", Err(Fault::Slow)), Scripted::new("second", Ok("1.00")));
        let rested_at_once = || Breaker::new(3, Duration::ZERO);
        let desk = Desk::with_breakers(vec![first.clone(), second.clone()], false, rested_at_once);
        for _ in 0..5 {
            assert_eq!(ask(&desk).await, Ok(Source::Provider("second")));
        }
        first.answers_now(Ok("1.00"));
        assert_eq!(ask(&desk).await, Ok(Source::Provider("first")));
    }

    #[tokio::test]
    async fn an_unknown_symbol_is_no_failure_of_the_provider() {
        let (first, second) = (Scripted::new("first", Err(Fault::UnknownSymbol)), Scripted::new("second", Ok("1.00")));
        let desk = Desk::new(vec![first.clone(), second], false);
        for _ in 0..5 {
            assert!(ask(&desk).await.is_ok());
        }
        assert_eq!(first.asked(), 5);
    }

    #[tokio::test]
    async fn a_provider_without_an_alternative_is_always_asked() {
        let only = Scripted::new("only", Err(Fault::Slow));
        let desk = Desk::new(vec![only.clone()], false);
        for _ in 0..5 {
            assert_eq!(ask(&desk).await, Err(Unquoted::Fault { provider: "only", fault: Fault::Slow }));
        }
        only.answers_now(Ok("1.00"));
        assert_eq!(ask(&desk).await, Ok(Source::Provider("only")));
        assert_eq!(only.asked(), 6);
    }

    #[tokio::test]
    async fn the_sample_answers_only_in_demo_mode_and_only_if_nobody_could_be_reached() {
        for (sample, fault, answers) in [
            (true, Fault::Unreachable, true),
            (false, Fault::Unreachable, false),
            (true, Fault::RateLimited, false),
            (true, Fault::UnknownSymbol, false),
        ] {
            let others = [Fault::Unreachable, fault].map(|fault| Scripted::new("one", Err(fault)) as Arc<dyn Provider>);
            let quote = ask(&Desk::new(others.to_vec(), sample)).await;
            assert_eq!(matches!(quote, Ok(Source::Sample { .. })), answers, "{fault:?}");
        }
    }

    #[test]
    fn time_is_left_for_the_way_back() {
        let ms = Duration::from_millis;
        for (left, given) in [(0, 0), (500, 250), (2_000, 1_000), (3_000, 2_000), (5_000, 4_000), (60_000, 4_000)] {
            assert_eq!(time_for_one(ms(left)), ms(given), "{left}");
        }
    }
}
