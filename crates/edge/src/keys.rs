//! The keys of an installation, all derived from its one secret. Must not know where the secret is kept.

use std::{fmt, fmt::Write as _, sync::Arc};

use axum::http::{HeaderMap, HeaderValue};
use hkdf::Hkdf;
use pasetors::{keys::SymmetricKey, version4::V4};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::INTERNAL_KEY_HEADER;

/// Characters of `PARLOR_SECRET` at least.
pub const SECRET_MIN_CHARS: usize = 32;

/// What the services of one installation share.
#[derive(Clone)]
pub struct Keys(Arc<Derived>);

struct Derived {
    /// Seals session tokens.
    session: SymmetricKey<V4>,
    /// Shows one service to another; in hexadecimal, as it travels.
    internal: String,
}

/// The secret is too short to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret must have at least {SECRET_MIN_CHARS} characters")]
pub struct WeakSecret;

impl Keys {
    /// # Errors
    /// [`WeakSecret`]
    pub fn derive(secret: &str) -> Result<Self, WeakSecret> {
        if secret.chars().count() < SECRET_MIN_CHARS {
            return Err(WeakSecret);
        }
        let from = Hkdf::<Sha256>::new(Some(b"parlor"), secret.as_bytes());
        let key = |label: &str| {
            let mut key = [0; 32];
            from.expand(label.as_bytes(), &mut key).expect("32 bytes are within what HKDF-SHA256 gives");
            key
        };
        let session = SymmetricKey::from(&key("session token v1")).expect("a v4.local key has 32 bytes");
        let mut internal = String::with_capacity(64);
        for byte in key("internal calls v1") {
            write!(internal, "{byte:02x}").expect("writing to a string cannot fail");
        }
        Ok(Self(Arc::new(Derived { session, internal })))
    }

    pub(crate) fn session(&self) -> &SymmetricKey<V4> {
        &self.0.session
    }

    /// The value of [`INTERNAL_KEY_HEADER`] for a call to a sister service.
    #[must_use]
    pub fn internal_header(&self) -> HeaderValue {
        let mut value = HeaderValue::from_str(&self.0.internal).expect("hexadecimal is a fine header");
        value.set_sensitive(true);
        value
    }

    /// Whether these headers carry the internal key. Takes as long for a wrong key as for the right one.
    #[must_use]
    pub fn is_internal(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(INTERNAL_KEY_HEADER).map(HeaderValue::as_bytes);
        given.is_some_and(|given| given.ct_eq(self.0.internal.as_bytes()).into())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of at least 32 characters";

    #[test]
    fn the_same_secret_gives_the_same_keys_and_another_gives_others() {
        let header = |secret| Keys::derive(secret).unwrap().internal_header();
        assert_eq!(header(SECRET), header(SECRET));
        assert_ne!(header(SECRET), header("another one of at least 32 characters"));
        assert_eq!(Keys::derive("short").unwrap_err(), WeakSecret);
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = Keys::derive(SECRET).unwrap();
        assert_eq!(format!("{keys:?}"), "Keys(…)");
        assert_eq!(format!("{:?}", keys.internal_header()), "Sensitive");
    }
}
