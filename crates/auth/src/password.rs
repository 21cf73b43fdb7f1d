//! Passwords: what one must be, and argon2id, a few at a time. Must not know whose they are.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc::PasswordHash},
};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::Password,
    limits,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::store::port::Hash;

/// OWASP's first choice where memory is dear: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Who may wait for a turn at most, and how long: at two turns of 25 ms at once, 800 take 10 s.
const WAITING: usize = 1_024;
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Hashing takes a processor and 19 MiB for as long as it lasts, so there are as many turns as processors.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Those who have a turn or wait for one.
    places: Arc<Semaphore>,
    /// Stands in where there is no account, so that the answer takes as long.
    nobodys: Hash,
    checks: Arc<AtomicU64>,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl From<Busy> for Refusal {
    fn from(Busy: Busy) -> Self {
        let refusal = Self::new(ErrorCode::Unavailable, "Too many people are logging in just now. Please try again.");
        refusal.retry_after(Duration::from_secs(2))
    }
}

/// The hash cannot be computed or read.
#[derive(Debug, thiserror::Error)]
pub enum HashingFailed {
    #[error("hashing a password failed: {0}")]
    Hashing(password_hash::Error),
    #[error("hashing a password was cut short: {0}")]
    CutShort(#[from] tokio::task::JoinError),
}

impl Passwords {
    pub(crate) async fn new() -> Result<Self, HashingFailed> {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::with(processors, WAITING).await
    }

    async fn with(turns: usize, waiting: usize) -> Result<Self, HashingFailed> {
        let nobodys = blocking(|| hash(&Password(String::new()))).await?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(turns)),
            places: Arc::new(Semaphore::new(turns + waiting)),
            nobodys,
            checks: Arc::default(),
        })
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Waits for a turn, not for ever and not behind too many.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = timeout(LONGEST_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Busy)?.expect("nobody closes the semaphore");
        Ok(Turn { passwords: self, held: Arc::new((place, turn)) })
    }
}

/// The right to hash. Work that has begun holds it to its end, even when nobody waits for the result any more.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    passwords: &'a Passwords,
    held: Arc<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Turn<'_> {
    /// Whether this is the password. Without a hash it is not, after just as much work.
    pub(crate) async fn check(&self, password: Password, hash: Option<Hash>) -> Result<bool, HashingFailed> {
        self.passwords.checks.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("parlor_password_checks_total").increment(1);
        let somebodys = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.passwords.nobodys.clone());
        let held = Arc::clone(&self.held);
        let right = blocking(move || {
            let _held = held;
            check(&password, &hash)
        });
        Ok(right.await? && somebodys)
    }

    pub(crate) async fn hash(&self, password: Password) -> Result<Hash, HashingFailed> {
        let held = Arc::clone(&self.held);
        blocking(move || {
            let _held = held;
            hash(&password)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
) -> Result<T, HashingFailed> {
    tokio::task::spawn_blocking(work).await?.map_err(HashingFailed::Hashing)
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("these parameters are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

pub(crate) fn hash(password: &Password) -> Result<Hash, password_hash::Error> {
    let hash: PasswordHash = argon2id().hash_password(password.0.as_bytes())?;
    Ok(Hash(hash.to_string()))
}

fn check(password: &Password, hash: &Hash) -> Result<bool, password_hash::Error> {
    let hash = PasswordHash::new(&hash.0).map_err(password_hash::Error::from)?;
    match argon2id().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a person may choose.
pub(crate) fn check_chosen(password: &Password) -> Result<(), Refusal> {
    if password.0.chars().count() < limits::PASSWORD_MIN_CHARS {
        let message = format!("A password needs at least {} characters.", limits::PASSWORD_MIN_CHARS);
        return Err(Refusal::new(ErrorCode::InvalidPassword, message));
    }
    check_length(password)
}

pub(crate) fn check_length(password: &Password) -> Result<(), Refusal> {
    if password.0.len() > limits::PASSWORD_BYTES {
        let message = format!("A password has at most {} bytes.", limits::PASSWORD_BYTES);
        return Err(Refusal::new(ErrorCode::InvalidPassword, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_right_for_its_own_hash_alone() {
        let passwords = Passwords::with(1, 0).await.unwrap();
        let turn = passwords.turn().await.unwrap();
        let hash = turn.hash(password("correct horse")).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(turn.check(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!turn.check(password("battery staple"), Some(hash)).await.unwrap());
        assert!(!turn.check(password(""), None).await.unwrap());
        assert!(turn.check(password(""), Some(Hash("plain".into()))).await.is_err());
        assert_eq!(passwords.checks(), 4);
    }

    #[tokio::test]
    async fn behind_too_many_nobody_waits() {
        let passwords = Passwords::with(1, 1).await.unwrap();
        let first = passwords.turn().await.unwrap();
        let mut second = std::pin::pin!(passwords.turn());
        assert!(timeout(Duration::ZERO, second.as_mut()).await.is_err());
        assert_eq!(passwords.turn().await.err(), Some(Busy));
        drop(first);
        assert!(timeout(Duration::from_secs(10), second).await.unwrap().is_ok());
    }

    #[test]
    fn a_chosen_password_is_neither_short_nor_endless() {
        for (text, fine) in [("1234567", false), ("12345678", true), ("äöüäöüäö", true), (&*"x".repeat(1_024), true)]
        {
            assert_eq!(check_chosen(&password(text)).is_ok(), fine, "{text}");
        }
        assert_eq!(check_chosen(&password(&"x".repeat(1_025))).unwrap_err().status(), 422);
    }
}
