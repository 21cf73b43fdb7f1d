//! The published protocol, made from the types: what the page, other people's clients and other people's bots
//! are written against. `make protocol` writes the files; a test fails while a committed one differs.

mod asyncapi_broker;
mod asyncapi_socket;
mod json;
mod layout;
mod openapi;
mod shape;
mod typescript;

pub use asyncapi_broker::MESSAGES as BROKER_MESSAGES;
pub use shape::Shape;

/// A file that is made from the types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it belongs, from the repository's root.
    pub path: &'static str,
    pub text: String,
}

/// Every file, in a fixed order.
#[must_use]
pub fn published() -> Vec<Published> {
    vec![
        Published { path: "web/src/protocol.ts", text: typescript::text() },
        Published { path: "docs/openapi.json", text: json::text(openapi::document()) },
        Published { path: "docs/asyncapi-socket.json", text: json::text(asyncapi_socket::document()) },
        Published { path: "docs/asyncapi-broker.json", text: json::text(asyncapi_broker::document()) },
    ]
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn what_is_committed_is_what_the_types_say() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for Published { path, text } in published() {
            let committed = fs::read_to_string(root.join(path)).unwrap_or_default();
            assert!(committed == text, "{path} is not what the types say; run `make protocol`");
        }
    }
}
