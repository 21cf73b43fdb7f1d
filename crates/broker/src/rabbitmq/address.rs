//! Where the broker is: an `amqp://` URL, read once. It must not show the password in it to anybody.

use std::{fmt, path::PathBuf};

use lapin::{tcp::OwnedTLSConfig, uri::AMQPUri};
use url::{Host, Url};

/// Seconds between two signs of life. After twice as long without one, the connection counts as lost.
const HEARTBEAT: u16 = 5;
/// The client reserves 64 frames a connection, so the usual 128 KiB would cost 8 MiB of it.
const FRAME_BYTES: u32 = 32 * 1024;

/// Why no RabbitMQ can be reached with these settings. The URL itself is in none of the sentences.
#[derive(Debug, thiserror::Error)]
pub enum BadUrl {
    #[error("a RabbitMQ is named as amqp://user:password@host:port/vhost, or with amqps://")]
    Unreadable,
    #[error("the certificates in {file} (cacertfile) cannot be read: {error}")]
    Certificates { file: PathBuf, error: std::io::Error },
    #[error("the prefix of queues and exchanges is too long for RabbitMQ")]
    Prefix,
}

/// What a URL says, with what it leaves open.
#[derive(Clone)]
pub(super) struct Address {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
}

impl Address {
    /// Understands what RabbitMQ's own clients do: `heartbeat`, `frame_max`, `channel_max`, `auth_mechanism`, and
    /// `cacertfile`, a PEM file of authorities to trust beside the public ones.
    pub(super) fn read(text: &str) -> Result<Self, BadUrl> {
        let url = Url::parse(text).map_err(|_| BadUrl::Unreadable)?;
        let mut uri: AMQPUri = text.parse().map_err(|_| BadUrl::Unreadable)?;
        match url.host() {
            Some(Host::Ipv6(address)) => uri.authority.host = address.to_string(),
            Some(_) => {}
            None => return Err(BadUrl::Unreadable),
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        uri.query.frame_max.get_or_insert(FRAME_BYTES);
        let mut tls = OwnedTLSConfig::default();
        if let Some((_, file)) = url.query_pairs().find(|(key, _)| key == "cacertfile") {
            let file = PathBuf::from(file.as_ref());
            match std::fs::read_to_string(&file) {
                Ok(certificates) => tls.cert_chain = Some(certificates),
                Err(error) => return Err(BadUrl::Certificates { file, error }),
            }
        }
        Ok(Self { uri, tls })
    }
    pub(super) fn uri(&self) -> &AMQPUri {
        &self.uri
    }
    pub(super) fn tls(&self) -> &OwnedTLSConfig {
        &self.tls
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri { scheme, authority, vhost, .. } = &self.uri;
        write!(f, "{scheme}://{}:{}", authority.host, authority.port)?;
        if vhost == "/" { Ok(()) } else { write!(f, "/{vhost}") }
    }
}
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_where_the_broker_is_and_not_who_asks() {
        let shown = |url: &str| Address::read(url).unwrap().to_string();
        assert_eq!(shown("amqp://guest:guest@127.0.0.1:5672/%2f"), "amqp://127.0.0.1:5672");
        assert_eq!(shown("amqps://alice:s3cret@broker.example.org/chat"), "amqps://broker.example.org:5671/chat");
        let debug = format!("{:?}", Address::read("amqp://alice:s3cret@h").unwrap());
        assert!(!debug.contains("s3cret") && !debug.contains("alice"), "{debug}");
    }

    #[test]
    fn what_names_no_broker_is_refused_without_being_repeated() {
        for url in ["", "amqp", "amqp:", "amqp://", "http://alice:s3cret@h/", "amqp://alice:s3cret@h:port/", "s3cret"] {
            let refused = Address::read(url).unwrap_err();
            assert!(!refused.to_string().contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn an_address_may_be_of_the_new_kind() {
        assert_eq!(Address::read("amqp://[::1]:5672").unwrap().uri().authority.host, "::1");
    }

    #[test]
    fn heartbeats_are_on_unless_the_address_sets_them() {
        assert_eq!(Address::read("amqp://h").unwrap().uri().query.heartbeat, Some(HEARTBEAT));
        assert_eq!(Address::read("amqp://h?heartbeat=30").unwrap().uri().query.heartbeat, Some(30));
    }

    #[test]
    fn own_authorities_come_from_a_file_that_must_be_there() {
        let missing = Address::read("amqps://h?cacertfile=/no/such/file.pem");
        assert!(matches!(missing, Err(BadUrl::Certificates { .. })), "{missing:?}");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let read = Address::read(&format!("amqps://h?cacertfile={file}")).unwrap();
        assert!(read.tls().cert_chain.as_ref().unwrap().contains("parlor-broker"));
    }
}
