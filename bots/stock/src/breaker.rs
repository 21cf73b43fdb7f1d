//! A circuit breaker: a provider that fails again and again is left alone for a while. What failed is not known here, and
//! time is an argument.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Opens after some failures in a row; when it has rested, one try decides.
#[derive(Debug)]
pub struct Breaker {
    failures_allowed: u32,
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    rests_until: Option<Instant>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(3, Duration::from_secs(30))
    }
}

impl Breaker {
    #[must_use]
    pub fn new(failures_allowed: u32, rest: Duration) -> Self {
        Self { failures_allowed, rest, state: Mutex::default() }
    }

    /// Whether to ask now. After the rest only the first who asks is let through, until its success or failure is known.
    #[must_use]
    pub fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.state();
        match state.rests_until {
            Some(until) if now < until => false,
            Some(_) => {
                state.rests_until = Some(now + self.rest);
                true
            }
            None => true,
        }
    }
    pub fn succeeded(&self) {
        *self.state() = State::default();
    }
    pub fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.failures_allowed {
            state.rests_until = Some(now + self.rest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_try_decides() {
        let (rest, blink) = (Duration::from_secs(30), Duration::from_millis(1));
        let now = Instant::now();
        let breaker = Breaker::new(3, rest);
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        breaker.failed(now);
        breaker.failed(now);
        assert!(breaker.lets_through(now), "two in a row are not three");
        breaker.failed(now);
        assert!(!breaker.lets_through(now + rest - blink));
        let rested = now + rest;
        assert!(breaker.lets_through(rested));
        assert!(!breaker.lets_through(rested), "one try is enough");
        breaker.failed(rested + blink);
        assert!(!breaker.lets_through(rested + rest));
        let again = rested + rest + blink;
        assert!(breaker.lets_through(again));
        breaker.succeeded();
        assert!(breaker.lets_through(again) && breaker.lets_through(again));
    }
}
