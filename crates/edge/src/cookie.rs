//! Where a session's token travels: in the cookie, or as a bearer. Must not know what is in it.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{
    origin::Site,
    token::{SESSION_LIFE, Sealed},
};

const PLAIN_NAME: &str = "parlor_session";
/// Browsers take a cookie of this name only with `Secure`, `Path=/` and no `Domain`.
const HOST_NAME: &str = "__Host-parlor_session";

/// The session cookie's name at this site.
#[must_use]
pub fn name(site: &Site) -> &'static str {
    if site.https() { HOST_NAME } else { PLAIN_NAME }
}

/// The `Set-Cookie` that begins a session in a browser.
#[must_use]
pub fn set(site: &Site, token: &Sealed) -> HeaderValue {
    build(site, token.reveal(), SESSION_LIFE.as_secs())
}

/// The `Set-Cookie` that makes a browser forget its session.
#[must_use]
pub fn clear(site: &Site) -> HeaderValue {
    build(site, "", 0)
}

fn build(site: &Site, value: &str, max_age: u64) -> HeaderValue {
    let secure = if site.https() { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", name(site));
    let mut cookie = HeaderValue::from_str(&cookie).expect("a token is letters, digits, dots, dashes and underscores");
    cookie.set_sensitive(true);
    cookie
}

/// The token that these headers carry. A bearer comes first: only a client that means it sends one.
#[must_use]
pub fn token<'a>(site: &Site, headers: &'a HeaderMap) -> Option<&'a str> {
    bearer(headers).or_else(|| from_cookies(name(site), headers))
}

/// What stands behind `Authorization: Bearer`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn from_cookies<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{ids::PersonId, time::Timestamp};

    use super::*;
    use crate::{Keys, SessionToken};

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_cookie_is_bound_to_the_host_where_there_is_https() {
        let sealed =
            SessionToken::begin(PersonId::new(), Timestamp::now()).seal(&Keys::derive(&"s".repeat(32)).unwrap());
        let plain = Site::new(None, false).unwrap();
        let https = Site::new(Some("https://chat.example.org"), false).unwrap();
        assert_eq!(
            set(&plain, &sealed),
            format!("parlor_session={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax", sealed.reveal())
        );
        assert_eq!(clear(&https), "__Host-parlor_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(format!("{:?}", set(&https, &sealed)), "Sensitive");
    }

    #[test]
    fn the_token_is_found_in_either_place() {
        let plain = Site::new(None, false).unwrap();
        let https = Site::new(Some("https://chat.example.org"), false).unwrap();
        let cookies =
            headers(&[(header::COOKIE, "a=1; parlor_session=one"), (header::COOKIE, "__Host-parlor_session=two")]);
        assert_eq!(token(&plain, &cookies), Some("one"));
        assert_eq!(token(&https, &cookies), Some("two"));
        let both = headers(&[(header::COOKIE, "parlor_session=one"), (header::AUTHORIZATION, "bearer three")]);
        assert_eq!(token(&plain, &both), Some("three"));
        let neither = headers(&[(header::COOKIE, "xparlor_session=one; q"), (header::AUTHORIZATION, "Basic abc")]);
        assert_eq!(token(&plain, &neither), None);
    }
}
