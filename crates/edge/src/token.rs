//! The session token: what a browser or client carries, sealed so that any service can read it without asking. Must
//! not know which sessions have ended since.

use std::{fmt, time::Duration};

use parlor_protocol::{
    ids::{PersonId, SessionId},
    time::Timestamp,
};
use pasetors::{
    Local,
    token::UntrustedToken,
    version4::{LocalToken, V4},
};
use serde::{Deserialize, Serialize};

use crate::keys::Keys;

/// A session ends this long after its login, whatever happens in between.
pub const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Longer than any token of ours; more is not even looked at.
const TOKEN_MAX_BYTES: usize = 1_024;

/// A session as its token tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionToken {
    pub session: SessionId,
    pub person: PersonId,
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// Why a token opens no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("this is no token of ours")]
    NotOurs,
    #[error("the session's time is over")]
    Expired,
}

/// A sealed token. Whoever has it is that person, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// The token as it travels.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

impl SessionToken {
    /// A new session of this person, from now on.
    #[must_use]
    pub fn begin(person: PersonId, now: Timestamp) -> Self {
        Self { session: SessionId::new(), person, issued: now, expires: now.plus(SESSION_LIFE) }
    }

    #[must_use]
    pub fn seal(&self, keys: &Keys) -> Sealed {
        let claims = serde_json::to_vec(self).expect("ids and times are plain JSON");
        let token = LocalToken::encrypt(keys.session(), &claims, None, None);
        Sealed(token.expect("only an empty payload or a system without randomness is refused"))
    }

    /// # Errors
    /// [`InvalidToken`]
    pub fn open(token: &str, keys: &Keys, now: Timestamp) -> Result<Self, InvalidToken> {
        // Version, purpose and payload: ours has no footer, not even an empty one.
        if token.len() > TOKEN_MAX_BYTES || token.split('.').count() != 3 {
            return Err(InvalidToken::NotOurs);
        }
        let untrusted = UntrustedToken::<Local, V4>::try_from(token).map_err(|_| InvalidToken::NotOurs)?;
        let trusted = LocalToken::decrypt(keys.session(), &untrusted, None, None).map_err(|_| InvalidToken::NotOurs)?;
        let token: Self = serde_json::from_str(trusted.payload()).map_err(|_| InvalidToken::NotOurs)?;
        if token.expires <= now { Err(InvalidToken::Expired) } else { Ok(token) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> Keys {
        Keys::derive("a secret of at least 32 characters").unwrap()
    }

    #[test]
    fn a_token_opens_until_its_time_is_over_and_with_its_own_secret_only() {
        let now = Timestamp::from_millis(1_764_000_000_000);
        let token = SessionToken::begin(PersonId::new(), now);
        let sealed = token.seal(&keys());
        assert_eq!(SessionToken::open(sealed.reveal(), &keys(), now), Ok(token));
        let last = now.plus(SESSION_LIFE - Duration::from_millis(1));
        assert_eq!(SessionToken::open(sealed.reveal(), &keys(), last), Ok(token));
        let end = now.plus(SESSION_LIFE);
        assert_eq!(SessionToken::open(sealed.reveal(), &keys(), end), Err(InvalidToken::Expired));
        let with_footer = format!("{}.", sealed.reveal());
        assert_eq!(SessionToken::open(&with_footer, &keys(), now), Err(InvalidToken::NotOurs));
        let others = Keys::derive("another one of at least 32 characters").unwrap();
        assert_eq!(SessionToken::open(sealed.reveal(), &others, now), Err(InvalidToken::NotOurs));
        assert_eq!(format!("{sealed:?}"), "Sealed(…)");
    }

    proptest! {
        #[test]
        fn nothing_else_opens(bytes in proptest::collection::vec(any::<u8>(), 0..600), prefixed: bool) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = if prefixed { format!("v4.local.{text}") } else { text };
            let opened = SessionToken::open(&text, &keys(), Timestamp::from_millis(0));
            prop_assert_eq!(opened, Err(InvalidToken::NotOurs));
        }

        #[test]
        fn text_in_a_tokens_alphabet_does_not_open_either(body in "[A-Za-z0-9_-]{0,400}", tail in "(\\.[A-Za-z0-9_-]{0,9}){0,2}") {
            let opened = SessionToken::open(&format!("v4.local.{body}{tail}"), &keys(), Timestamp::from_millis(0));
            prop_assert_eq!(opened, Err(InvalidToken::NotOurs));
        }

        #[test]
        fn a_changed_token_does_not_open(at in 0_usize..200, to in "[A-Za-z0-9_-]") {
            let now = Timestamp::from_millis(1_764_000_000_000);
            let sealed = SessionToken::begin(PersonId::new(), now).seal(&keys());
            let at = at % sealed.reveal().len();
            let mut changed = sealed.reveal().to_owned();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != sealed.reveal());
            prop_assert_eq!(SessionToken::open(&changed, &keys(), now), Err(InvalidToken::NotOurs));
        }
    }
}
