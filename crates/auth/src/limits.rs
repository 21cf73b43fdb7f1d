//! Failed logins: how many an account and an address have left. Must not know whether an account exists.
//!
//! An attempt is charged before the password is checked and paid back when it was right. So guesses that run side by
//! side cannot outrun the limit, and whoever knows the password is never in its way.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use parlor_protocol::error::{ErrorCode, Refusal};

const MINUTE: Duration = Duration::from_secs(60);
/// One address may serve a whole house.
const ACCOUNTS_AN_ADDRESS: u32 = 10;
/// Keys remembered at most, about 16 MiB.
const MOST_KEYS: usize = 100_000;

/// Too many failures; worth another try after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(Duration);

impl From<TooMany> for Refusal {
    fn from(TooMany(wait): TooMany) -> Self {
        Self::new(ErrorCode::RateLimited, "Too many failed logins. Please wait a little.").retry_after(wait)
    }
}

#[derive(Debug)]
pub(crate) struct LoginLimits {
    /// Usernames are kept as their hash: what is typed there by mistake may be a password.
    hasher: RandomState,
    limiters: Option<Limiters>,
}

#[derive(Debug)]
struct Limiters {
    account: Limiter<(u64, IpAddr)>,
    address: Limiter<IpAddr>,
}

/// An attempt under way. Dropped, it has failed.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    charged: Option<(&'a Limiters, (u64, IpAddr))>,
}

impl LoginLimits {
    /// `rate`: failures a minute for one account from one address; 0 is no limit.
    pub(crate) fn new(rate: u32) -> Self {
        let limiters = (rate > 0).then(|| Limiters {
            account: Limiter::new(rate, MOST_KEYS),
            address: Limiter::new(rate.saturating_mul(ACCOUNTS_AN_ADDRESS), MOST_KEYS),
        });
        Self { hasher: RandomState::new(), limiters }
    }

    /// Whether an attempt would be let through now, without charging it.
    pub(crate) fn look(&self, username: &str, address: IpAddr) -> Result<(), TooMany> {
        let Some(limiters) = &self.limiters else { return Ok(()) };
        let (account, now) = (self.key(username, address), Instant::now());
        limiters.address.look(account.1, now)?;
        limiters.account.look(account, now)
    }

    pub(crate) fn attempt(&self, username: &str, address: IpAddr) -> Result<Attempt<'_>, TooMany> {
        let Some(limiters) = &self.limiters else { return Ok(Attempt { charged: None }) };
        let (account, now) = (self.key(username, address), Instant::now());
        limiters.address.charge(account.1, now)?;
        if let Err(too_many) = limiters.account.charge(account, now) {
            limiters.address.pay_back(account.1);
            return Err(too_many);
        }
        Ok(Attempt { charged: Some((limiters, account)) })
    }

    /// Forgets whoever has all attempts left.
    pub(crate) fn sweep(&self) {
        if let Some(Limiters { account, address }) = &self.limiters {
            account.sweep(Instant::now());
            address.sweep(Instant::now());
        }
    }

    fn key(&self, username: &str, address: IpAddr) -> (u64, IpAddr) {
        (self.hasher.hash_one(username.trim().to_ascii_lowercase()), network(address))
    }
}

impl Attempt<'_> {
    /// The password was right.
    pub(crate) fn succeeded(mut self) {
        if let Some((limiters, account)) = self.charged.take() {
            limiters.account.pay_back(account);
            limiters.address.pay_back(account.1);
        }
    }
}

/// One customer has at least a /64 of IPv6 addresses to call from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

/// `burst` charges at once, then one each time `interval` has passed.
#[derive(Debug)]
struct Limiter<K> {
    burst: u32,
    interval: Duration,
    most: usize,
    /// When each key will have everything left again; keys that have are not in it.
    whole_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Copy + Eq + Hash> Limiter<K> {
    fn new(a_minute: u32, most: usize) -> Self {
        Self { burst: a_minute, interval: MINUTE / a_minute, most, whole_at: Mutex::default() }
    }

    fn look(&self, key: K, now: Instant) -> Result<(), TooMany> {
        self.next(self.lock().get(&key), now).map(|_| ())
    }

    fn charge(&self, key: K, now: Instant) -> Result<(), TooMany> {
        let mut whole_at = self.lock();
        let next = self.next(whole_at.get(&key), now)?;
        if whole_at.len() >= self.most && !whole_at.contains_key(&key) {
            self.make_room(&mut whole_at, now);
        }
        whole_at.insert(key, next);
        Ok(())
    }

    fn pay_back(&self, key: K) {
        if let Some(whole) = self.lock().get_mut(&key) {
            *whole = whole.checked_sub(self.interval).unwrap_or(*whole);
        }
    }

    /// When a key will be whole again after one more charge.
    fn next(&self, whole: Option<&Instant>, now: Instant) -> Result<Instant, TooMany> {
        let next = whole.map_or(now, |whole| now.max(*whole)) + self.interval;
        let wait = next.saturating_duration_since(now + self.interval * self.burst);
        if wait.is_zero() { Ok(next) } else { Err(TooMany(wait)) }
    }

    /// At the bound, the half that would be whole again first is forgotten early.
    fn make_room(&self, whole_at: &mut HashMap<K, Instant>, now: Instant) {
        whole_at.retain(|_, whole| *whole > now);
        if whole_at.len() >= self.most {
            let mut times: Vec<Instant> = whole_at.values().copied().collect();
            let middle = times.len() / 2;
            let (_, &mut middle, _) = times.select_nth_unstable(middle);
            whole_at.retain(|_, whole| *whole > middle);
        }
    }

    fn sweep(&self, now: Instant) {
        let mut whole_at = self.lock();
        whole_at.retain(|_, whole| *whole > now);
        whole_at.shrink_to_fit();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Instant>> {
        // Every change is one call on the map, so a panic elsewhere leaves it whole.
        self.whole_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

    #[test]
    fn failures_count_for_an_account_and_an_address_and_successes_do_not() {
        let limits = LoginLimits::new(2);
        for _ in 0..50 {
            limits.attempt("ann", HOME).unwrap().succeeded();
        }
        for _ in 0..2 {
            limits.look(" Ann ", HOME).unwrap();
            limits.attempt("ann", HOME).unwrap();
        }
        let TooMany(wait) = limits.look("ANN", HOME).unwrap_err();
        assert!(wait > Duration::from_secs(25) && wait <= Duration::from_secs(30), "{wait:?}");
        assert!(limits.attempt("ann", HOME).is_err());
        assert!(limits.look("ann", "203.0.113.10".parse().unwrap()).is_ok());
        for n in 0..18 {
            limits.attempt(&format!("other{n}"), HOME).unwrap();
        }
        assert!(limits.look("bob", HOME).is_err());
    }

    #[test]
    fn the_addresses_of_one_network_are_one() {
        let limits = LoginLimits::new(1);
        limits.attempt("ann", "2001:db8::1".parse().unwrap()).unwrap();
        assert!(limits.look("ann", "2001:db8::ffff:2".parse().unwrap()).is_err());
        assert!(limits.look("ann", "2001:db8:0:1::1".parse().unwrap()).is_ok());
        limits.attempt("bob", HOME).unwrap();
        assert!(limits.look("bob", "::ffff:203.0.113.9".parse().unwrap()).is_err());
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        let limits = LoginLimits::new(0);
        for _ in 0..1_000 {
            limits.attempt("ann", HOME).unwrap();
        }
        limits.look("ann", HOME).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_those_who_failed_most_are_remembered() {
        let limiter = Limiter::new(10, 100);
        let now = Instant::now();
        for _ in 0..10 {
            limiter.charge(0, now).unwrap();
        }
        for key in 1..10_000 {
            limiter.charge(key, now + Duration::from_micros(key)).unwrap();
            assert!(limiter.lock().len() <= 100);
        }
        assert!(limiter.look(0, now + Duration::from_millis(20)).is_err());
        limiter.sweep(now + MINUTE * 2);
        assert!(limiter.lock().is_empty());
    }

    proptest! {
        /// A model that remembers every charge: a bucket that fills at the rate and holds the burst.
        #[test]
        fn it_limits_as_a_bucket_does(
            rate in 1_u32..20,
            steps in proptest::collection::vec((0_u64..20_000, any::<bool>()), 1..200),
        ) {
            let limiter = Limiter::new(rate, 10);
            let mut now = Instant::now();
            let mut level = Duration::ZERO; // time's worth of charges in the bucket
            for (millis, fails) in steps {
                let passed = Duration::from_millis(millis);
                now += passed;
                level = level.saturating_sub(passed);
                let fits = level + limiter.interval <= limiter.interval * rate;
                prop_assert_eq!(limiter.charge((), now).is_ok(), fits);
                if fits && !fails {
                    limiter.pay_back(());
                } else if fits {
                    level += limiter.interval;
                }
            }
        }
    }
}
