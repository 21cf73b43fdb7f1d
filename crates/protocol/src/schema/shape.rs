//! A type that crosses a wire, as a value: its JSON Schema, its TypeScript, and a way through it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use ts_rs::TS;

use super::typescript;

/// One type of the protocol. Tables of calls and messages are made of these.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
    /// Absent where no page ever sees it.
    pub(super) typescript: Option<fn(&mut typescript::File)>,
    round_trip: fn(Value) -> serde_json::Result<Value>,
}

impl Shape {
    /// A type of HTTP or the websocket, which the page knows too.
    #[must_use]
    pub const fn of<T: JsonSchema + TS + Serialize + DeserializeOwned + 'static>() -> Self {
        Self { typescript: Some(typescript::File::add::<T>), ..Self::beyond_the_page::<T>() }
    }

    /// A type that only services and bots know.
    #[must_use]
    pub const fn beyond_the_page<T: JsonSchema + Serialize + DeserializeOwned>() -> Self {
        Self {
            schema: SchemaGenerator::subschema_for::<T>,
            typescript: None,
            round_trip: |json| serde_json::to_value(serde_json::from_value::<T>(json)?),
        }
    }

    /// Reads the JSON as this type and writes it again.
    ///
    /// # Errors
    /// The JSON is not of this type.
    pub fn round_trip(&self, json: Value) -> serde_json::Result<Value> {
        (self.round_trip)(json)
    }
}
