//! How much a person may ask for: messages and commands share one budget, what was missed has another.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    ids::PersonId,
};

/// Burst of messages beyond the steady rate, in seconds of it.
const BURST_SECONDS: u32 = 10;

/// Rooms resumed, and pages of entries read for them. After a restart of the server, a person's twenty tabs in 500
/// rooms each come back at once.
const RESUMES_AT_ONCE: NonZeroU32 = NonZeroU32::new(10_000).unwrap();
const RESUMES_A_SECOND: NonZeroU32 = NonZeroU32::new(50).unwrap();

/// What each person has left; nothing is counted where the installation sets no rate.
#[derive(Debug)]
pub struct Rates(Option<Budgets>);

#[derive(Debug)]
struct Budgets {
    messages: DefaultKeyedRateLimiter<PersonId>,
    resumes: DefaultKeyedRateLimiter<PersonId>,
}

impl Rates {
    /// `messages`: a second and person; `None` is without limit.
    #[must_use]
    pub fn new(messages: Option<NonZeroU32>) -> Self {
        Self(messages.map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
            Budgets {
                messages: RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)),
                resumes: RateLimiter::keyed(Quota::per_second(RESUMES_A_SECOND).allow_burst(RESUMES_AT_ONCE)),
            }
        }))
    }

    /// # Errors
    /// `rate_limited`
    pub fn charge_message(&self, person: PersonId) -> Result<(), Refusal> {
        let Some(budgets) = &self.0 else { return Ok(()) };
        charge(&budgets.messages, person, NonZeroU32::MIN)
    }

    /// # Errors
    /// `rate_limited`
    pub fn charge_resume(&self, person: PersonId, rooms: usize) -> Result<(), Refusal> {
        let Some(budgets) = &self.0 else { return Ok(()) };
        let rooms = u32::try_from(rooms).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        charge(&budgets.resumes, person, rooms)
    }

    /// Counts a page of a replay that has begun, which is not refused: the next `resume` is.
    pub fn count_page(&self, person: PersonId) {
        if let Some(budgets) = &self.0 {
            // With nothing left there is nothing to take.
            let _ = budgets.resumes.check_key(&person);
        }
    }

    /// Forgets whoever has everything left.
    pub fn sweep(&self) {
        if let Some(Budgets { messages, resumes }) = &self.0 {
            messages.retain_recent();
            resumes.retain_recent();
        }
    }
}

fn charge(limiter: &DefaultKeyedRateLimiter<PersonId>, person: PersonId, n: NonZeroU32) -> Result<(), Refusal> {
    let too_much = || Refusal::new(ErrorCode::RateLimited, "That was too much at once. Wait a moment.");
    match limiter.check_key_n(&person, n) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(not_until)) => {
            let wait = not_until.wait_time_from(governor::clock::Clock::now(limiter.clock()));
            Err(too_much().retry_after(wait))
        }
        // More than the whole budget, which no frame may ask for.
        Err(_) => Err(too_much()),
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::limits;

    use super::*;

    fn rates() -> Rates {
        Rates::new(NonZeroU32::new(20))
    }

    #[test]
    fn twenty_tabs_come_back_at_once_and_a_loop_is_refused_with_the_time_to_wait() {
        let (rates, anna) = (rates(), PersonId::new());
        for _tab in 0..20 {
            rates.charge_resume(anna, limits::RESUME_ROOMS).unwrap();
        }
        let refusal = rates.charge_resume(anna, limits::RESUME_ROOMS).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::RateLimited);
        assert!((1..=10_000).contains(&refusal.retry_after_ms.unwrap()), "{refusal:?}");
        rates.charge_resume(PersonId::new(), limits::RESUME_ROOMS).unwrap();
        rates.charge_message(anna).unwrap();
    }

    #[test]
    fn pages_are_charged_too_but_never_refused() {
        let (rates, anna) = (rates(), PersonId::new());
        // As far behind as a client can be, in as many rooms as one frame names.
        rates.charge_resume(anna, limits::RESUME_ROOMS).unwrap();
        for _page in 0..limits::RESUME_ROOMS * 10 {
            rates.count_page(anna);
        }
        rates.charge_resume(anna, limits::RESUME_ROOMS).unwrap();
        for _page in 0..RESUMES_AT_ONCE.get() {
            rates.count_page(anna);
        }
        assert!(rates.charge_resume(anna, limits::RESUME_ROOMS).is_err());
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let (rates, anna) = (Rates::new(None), PersonId::new());
        for _ in 0..1_000 {
            rates.charge_resume(anna, limits::RESUME_ROOMS).unwrap();
            rates.charge_message(anna).unwrap();
        }
    }
}
