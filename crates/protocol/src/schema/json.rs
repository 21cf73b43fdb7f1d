//! What the JSON documents share: schemas by name, and text that does not depend on how the crate was built.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value};

use super::Shape;

/// Schemas as they gather in a document under `#/components/schemas`.
pub(super) struct Schemas {
    /// What the server reads and what it writes can differ: a field with a default is optional on the way in.
    reads: SchemaGenerator,
    writes: SchemaGenerator,
}

impl Schemas {
    pub fn new(settings: fn() -> SchemaSettings) -> Self {
        let settings = || settings().with(|settings| settings.definitions_path = "/components/schemas".into());
        let writes = settings().for_serialize().with(|settings| {
            settings.transforms.insert(0, Box::new(RecursiveTransform(absent_rather_than_null)));
        });
        Self { reads: settings().for_deserialize().into_generator(), writes: writes.into_generator() }
    }

    /// The schema of what the server reads, most often a reference.
    pub fn read(&mut self, shape: Shape) -> Value {
        (shape.schema)(&mut self.reads).to_value()
    }

    /// The schema of what the server writes.
    pub fn written(&mut self, shape: Shape) -> Value {
        (shape.schema)(&mut self.writes).to_value()
    }

    /// The variants of an enum of frames that the server reads, by the `type` in them.
    pub fn read_variants<T: JsonSchema>(&mut self) -> Vec<(String, Value)> {
        variants::<T>(&mut self.reads)
    }

    /// The variants of an enum of frames that the server writes, by the `type` in them.
    pub fn written_variants<T: JsonSchema>(&mut self) -> Vec<(String, Value)> {
        variants::<T>(&mut self.writes)
    }

    /// All schemas that the others refer to.
    ///
    /// # Panics
    /// If one type is read otherwise than it is written, in one document: then it needs two names.
    pub fn definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.reads.take_definitions(true);
        for (name, written) in self.writes.take_definitions(true) {
            if let Some(read) = definitions.get(&name) {
                assert_eq!(*read, written, "{name} is read otherwise than it is written");
            }
            definitions.insert(name, written);
        }
        definitions
    }
}

fn variants<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<(String, Value)> {
    let mut schema = T::json_schema(generator);
    for transform in generator.transforms_mut() {
        transform.transform(&mut schema);
    }
    let variants = schema.get("oneOf").and_then(Value::as_array).expect("an enum's schema has its variants");
    let tagged = variants.iter().map(|variant| {
        let tag = variant["properties"]["type"]["const"].as_str().expect("each variant has its tag");
        (tag.to_owned(), variant.clone())
    });
    tagged.collect()
}

/// The server leaves a field out rather than write null, unless the field is always there.
fn absent_rather_than_null(schema: &mut Schema) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.contains(&name.into()));
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
        let Some(property) = property.as_object_mut() else { continue };
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                property.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(mut choices)) = property.remove("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
            assert!(choices.len() == 1, "`{name}` has one type beside null");
            property.extend(choices.remove(0).as_object().cloned().unwrap_or_default());
        }
    }
}

/// A document's text, with the keys in the order of the alphabet whatever order the crate was built with.
pub(super) fn text(mut document: Value) -> String {
    document.sort_all_objects();
    let text = serde_json::to_string_pretty(&document).expect("a document is JSON already");
    text + "\n"
}
