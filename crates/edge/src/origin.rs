//! Who may call from a browser: the `Origin` and the `Host` that are this site's. Must not know sessions.

use axum::http::{HeaderMap, Method, Uri, header};
use parlor_protocol::error::{ErrorCode, Refusal};

/// Where this installation is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Scheme, host and port of the public URL; without one, a page's origin must be `http://` and its `Host`.
    origin: Option<String>,
    https: bool,
    /// Demo mode has well-known passwords, so no other name than the machine's own may lead to it.
    local_only: bool,
}

/// The public URL is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the public URL must be like https://chat.example.org, with http or https and without a path, not {0:?}")]
pub struct InvalidPublicUrl(String);

impl Site {
    /// # Errors
    /// The public URL is not an origin in `http` or `https`.
    pub fn new(public_url: Option<&str>, demo: bool) -> Result<Self, InvalidPublicUrl> {
        let Some(text) = public_url else {
            return Ok(Self { origin: None, https: false, local_only: demo });
        };
        let invalid = || InvalidPublicUrl(text.to_owned());
        let url = url::Url::parse(text).map_err(|_| invalid())?;
        let nobody = url.username().is_empty() && url.password().is_none();
        let plain = nobody && url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") {
            return Err(invalid());
        }
        let https = url.scheme() == "https";
        Ok(Self { origin: Some(url.origin().ascii_serialization()), https, local_only: demo })
    }

    /// Whether people reach this site by https, by its public URL.
    #[must_use]
    pub fn https(&self) -> bool {
        self.https
    }

    /// Lets a call pass that changes nothing, comes from this site's own page, or from no browser at all.
    ///
    /// # Errors
    /// `wrong_origin`
    pub fn check_call(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            Ok(())
        } else {
            self.check_origin(headers)
        }
    }

    /// For what changes state in spite of its method, as a websocket's upgrade does.
    ///
    /// # Errors
    /// `wrong_origin`
    pub fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let matches = match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => origin.to_str().is_ok_and(|origin| self.is_ours(origin, headers)),
            (Some(_), Some(_)) => false,
        };
        if matches { Ok(()) } else { Err(Refusal::new(ErrorCode::WrongOrigin, "This call came from another site.")) }
    }

    fn is_ours(&self, origin: &str, headers: &HeaderMap) -> bool {
        match (&self.origin, host(headers)) {
            (Some(ours), _) => origin.eq_ignore_ascii_case(ours),
            (None, Some(host)) => origin.strip_prefix("http://").is_some_and(|rest| rest.eq_ignore_ascii_case(host)),
            (None, None) => false,
        }
    }

    /// In demo mode: that the name a call was sent to is this machine's own, so that no name of another site can be
    /// made to point here.
    ///
    /// # Errors
    /// `wrong_host`
    pub fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let named = host(headers).is_some_and(is_local);
        let addressed = uri.authority().is_none_or(|authority| is_local(authority.as_str()));
        if !self.local_only || (named && addressed) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::WrongHost, "Demo mode answers on localhost, 127.0.0.1 and [::1] only."))
    }
}

/// The one `Host`; two would be read differently by different readers.
fn host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn without_a_public_url_the_origin_is_http_and_the_host() {
        let site = Site::new(None, false).unwrap();
        for (origin, host, ours) in [
            ("http://localhost:8080", "localhost:8080", true),
            ("http://LOCALHOST:8080", "localhost:8080", true),
            ("https://localhost:8080", "localhost:8080", false),
            ("http://localhost", "localhost:8080", false),
            ("http://evil.example", "localhost:8080", false),
            ("null", "localhost:8080", false),
            ("", "localhost:8080", false),
        ] {
            let headers = headers(&[("origin", origin), ("host", host)]);
            assert_eq!(site.check_call(&Method::POST, &headers).is_ok(), ours, "{origin}");
            assert!(site.check_call(&Method::GET, &headers).is_ok());
        }
        assert!(site.check_origin(&headers(&[("host", "localhost")])).is_ok());
        assert!(site.check_origin(&headers(&[("origin", "http://localhost")])).is_err());
        let two = headers(&[("host", "a"), ("origin", "http://a"), ("origin", "http://a")]);
        assert_eq!(site.check_origin(&two).unwrap_err().code, ErrorCode::WrongOrigin);
    }

    #[test]
    fn with_a_public_url_only_its_origin_counts() {
        let site = Site::new(Some("https://Chat.Example.org:443/"), false).unwrap();
        assert!(site.https());
        let call = |origin| site.check_origin(&headers(&[("origin", origin), ("host", "10.0.0.1:8080")]));
        assert!(call("https://chat.example.org").is_ok());
        for origin in ["http://10.0.0.1:8080", "http://chat.example.org", "https://chat.example.org:444"] {
            assert!(call(origin).is_err(), "{origin}");
        }
        for bad in [
            "chat.example.org",
            "ftp://chat.example.org",
            "https://chat.example.org/room",
            "https://a@b.example",
            "https://:a@b.example",
        ] {
            assert!(Site::new(Some(bad), false).is_err(), "{bad}");
        }
    }

    #[test]
    fn demo_mode_answers_to_the_machines_own_names_only() {
        let demo = Site::new(None, true).unwrap();
        let root = Uri::from_static("/");
        for host in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "LocalHost:80"] {
            assert!(demo.check_host(&root, &headers(&[("host", host)])).is_ok(), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "::1", "[::1", "", "127.0.0.2"]
        {
            let refusal = demo.check_host(&root, &headers(&[("host", host)])).unwrap_err();
            assert_eq!(refusal.status(), 421, "{host}");
        }
        let two = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(demo.check_host(&root, &two).is_err());
        assert!(demo.check_host(&root, &HeaderMap::new()).is_err());
        let absolute = Uri::from_static("http://evil.example/");
        assert!(demo.check_host(&absolute, &headers(&[("host", "localhost")])).is_err());
        assert!(Site::new(None, false).unwrap().check_host(&root, &headers(&[("host", "any.example")])).is_ok());
    }
}
