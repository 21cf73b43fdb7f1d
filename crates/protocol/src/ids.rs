//! Ids: who and what is meant. Every id is a string in JSON.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use ts_rs::TS;
use uuid::Uuid;

use crate::limits;

/// The text is no UUID in lower case with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID in lower case with hyphens")]
pub struct NotAnId;

/// The regular expression of an id, for the published schemas.
const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

fn parse_uuid(text: &str) -> Result<Uuid, NotAnId> {
    let strict = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
    if strict { Uuid::parse_str(text).map_err(|_| NotAnId) } else { Err(NotAnId) }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema, TS)]
        #[serde(transparent)]
        #[schemars(extend("format" = "uuid", "pattern" = UUID))]
        #[ts(type = "string")]
        pub struct $name(#[schemars(with = "String")] Uuid);

        impl $name {
            /// A new id; ids made later sort later (UUID v7).
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_uuid(text).map(Self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// A person's account.
    PersonId
);
uuid_id!(
    /// A login of a person; its end closes that session's sockets.
    SessionId
);
uuid_id!(
    /// A room.
    RoomId
);
uuid_id!(
    /// A message or a command, chosen by the client that sent it. Both share one space of ids.
    MessageId
);

/// The number of an entry in a room's log: 1, 2, 3 … without gaps. 0 stands before the first entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
#[schemars(extend("maximum" = limits::SEQ_MAX))]
#[ts(type = "number")]
pub struct Seq(pub u64);

impl Seq {
    pub const ZERO: Self = Self(0);
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}
impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who wrote a message: a person, or a bot, whose id is `bot:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, JsonSchema, TS)]
#[schemars(with = "String", extend("examples" = ["0190f3c2-7a5e-7d1c-9b1a-0123456789ab", "bot:stock"]))]
#[ts(type = "string")]
pub enum AuthorId {
    Person(PersonId),
    Bot(String),
}
impl fmt::Display for AuthorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => id.fmt(f),
            Self::Bot(name) => write!(f, "bot:{name}"),
        }
    }
}
impl FromStr for AuthorId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.strip_prefix("bot:") {
            Some(name) => Ok(Self::Bot(name.to_owned())),
            None => text.parse().map(Self::Person),
        }
    }
}
impl Serialize for AuthorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for AuthorId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_with_hyphens_is_an_id() {
        let good = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";
        assert_eq!(good.parse::<MessageId>().unwrap().to_string(), good);
        for bad in [
            "0190F3C2-7A5E-7D1C-9B1A-0123456789AB",
            "0190f3c27a5e7d1c9b1a0123456789ab",
            "{0190f3c2-7a5e-7d1c-9b1a-0123456789ab}",
            "urn:uuid:0190f3c2-7a5e-7d1c-9b1a-0123456789ab",
            "",
            "general",
        ] {
            assert_eq!(bad.parse::<MessageId>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn a_bots_id_names_it() {
        let stock: AuthorId = serde_json::from_str("\"bot:stock\"").unwrap();
        assert_eq!(stock, AuthorId::Bot("stock".into()));
        assert_eq!(serde_json::to_string(&stock).unwrap(), "\"bot:stock\"");
    }
}
