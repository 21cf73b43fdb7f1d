//! Who calls: the client's address behind whatever stands in between, and whether a sister service asks. Must not
//! know what they may do.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, request::Parts},
};
use ipnet::IpNet;

use crate::{CLIENT_HEADER, keys::Keys};

/// The other end of the connection; `serve` puts it into every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Who calls. The guard puts it into every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The client's address; unspecified (`0.0.0.0`) for a call that came over no connection.
    pub address: IpAddr,
    /// Whether the internal key was there and right.
    pub internal: bool,
}

impl Caller {
    /// The peer, unless it is a trusted proxy or a sister service that speaks for somebody else.
    #[must_use]
    pub fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet], keys: &Keys) -> Self {
        let peer =
            extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
        let internal = keys.is_internal(headers);
        let named = if internal { named_by_sister(headers) } else { None };
        Self { address: named.unwrap_or_else(|| behind_proxies(peer, headers, trusted)), internal }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let nobody = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), internal: false };
        Ok(parts.extensions.get().copied().unwrap_or(nobody))
    }
}

fn named_by_sister(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get(CLIENT_HEADER)?.to_str().ok()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Walks `X-Forwarded-For` from its right end, where each trusted proxy wrote whom it spoke to. What stands left of the
/// first untrusted address is that client's own invention.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer;
    for line in headers.get_all("x-forwarded-for").iter().rev() {
        for entry in line.to_str().unwrap_or_default().rsplit(',') {
            match address_of(entry) {
                Some(address) if is_trusted(&client) => client = address,
                _ => return client,
            }
        }
    }
    client
}

/// An address, which some proxies write with a port.
fn address_of(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry.parse::<IpAddr>().or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    let in_brackets = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.ok().or_else(in_brackets).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn caller(peer: &str, headers: &HeaderMap) -> Caller {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        Caller::of(&extensions, headers, &["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], &keys())
    }

    fn keys() -> Keys {
        Keys::derive("0123456789abcdef0123456789abcdef").unwrap()
    }

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| HeaderValue::from_str(line).unwrap());
        lines.map(|value| ("x-forwarded-for".parse().unwrap(), value)).collect()
    }

    #[test]
    fn forwarded_addresses_count_from_trusted_proxies_only() {
        for (peer, lines, client) in [
            ("203.0.113.9", vec!["198.51.100.1"], "203.0.113.9"),
            ("10.1.1.1", vec![], "10.1.1.1"),
            ("10.1.1.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.1.1.1", vec!["6.6.6.6, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
            ("10.1.1.1", vec!["6.6.6.6", "198.51.100.1", "10.2.2.2"], "198.51.100.1"),
            ("10.1.1.1", vec!["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
            ("10.1.1.1", vec!["198.51.100.1, nonsense"], "10.1.1.1"),
            ("::ffff:10.1.1.1", vec!["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", vec!["[2001:db8::7]"], "2001:db8::7"),
        ] {
            let found = caller(peer, &forwarded(&lines));
            assert_eq!(found, Caller { address: client.parse().unwrap(), internal: false }, "{peer} {lines:?}");
        }
    }

    #[test]
    fn a_sister_service_speaks_for_its_client_only_with_the_key() {
        let mut headers = HeaderMap::new();
        headers.insert(CLIENT_HEADER, HeaderValue::from_static("198.51.100.1"));
        assert_eq!(caller("203.0.113.9", &headers).address, "203.0.113.9".parse::<IpAddr>().unwrap());
        headers.insert(crate::INTERNAL_KEY_HEADER, HeaderValue::from_static("guess"));
        assert!(!caller("203.0.113.9", &headers).internal);
        headers.insert(crate::INTERNAL_KEY_HEADER, keys().internal_header());
        let sister = caller("203.0.113.9", &headers);
        assert_eq!((sister.address, sister.internal), ("198.51.100.1".parse().unwrap(), true));
    }
}
