//! One example of every frame, call and broker message, which the Rust types read and write unchanged. The same files
//! are held against the published schemas and the page's types in `e2e/protocol`.

#![allow(clippy::unwrap_used, reason = "a broken example ends the test")]

use std::{collections::BTreeMap, fs, path::Path};

use parlor_protocol::{
    http::{
        Problem,
        calls::{Answer, CALLS, Call},
    },
    schema::{BROKER_MESSAGES, Shape},
    socket::{ClientFrame, ServerFrame},
};
use serde_json::Value;

/// Every example whose name begins with `kind.`, by the rest of its name.
fn examples(kind: &str) -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut examples = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        if let Some(name) = name.strip_prefix(&format!("{kind}.")).and_then(|rest| rest.strip_suffix(".json")) {
            let json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).expect(name);
            examples.insert(name.to_owned(), json);
        }
    }
    examples
}

/// `error.rate_limited` is one more example of `error`.
fn what(name: &str) -> &str {
    name.split('.').next().unwrap()
}

#[test]
fn a_clients_frames_are_read_and_written_unchanged() {
    for (name, json) in examples("client") {
        assert_eq!(json["type"], what(&name));
        let frame = ClientFrame::parse(json.to_string().as_bytes()).expect(&name);
        assert_eq!(serde_json::to_value(frame).unwrap(), json, "{name}");
    }
}

#[test]
fn the_servers_frames_are_read_and_written_unchanged() {
    for (name, json) in examples("server") {
        assert_eq!(json["type"], what(&name));
        let frame: ServerFrame = serde_json::from_value(json.clone()).expect(&name);
        assert_eq!(serde_json::from_str::<Value>(&frame.to_json()).unwrap(), json, "{name}");
    }
}

#[test]
fn calls_are_read_and_written_unchanged() {
    for (name, json) in examples("http") {
        let call = CALLS.iter().find(|call| call.name == what(&name)).unwrap_or_else(|| panic!("no call {name}"));
        assert_eq!(json["request"]["method"], call.method.as_str(), "{name}");
        assert!(is_at(call, json["request"]["path"].as_str().unwrap()), "{name} is not at {}", call.path);
        same(&name, call.request, &json["request"]["body"]);
        let status = json["answer"]["status"].as_u64().unwrap();
        let body = &json["answer"]["body"];
        if status != u64::from(call.answer.0) {
            same(&name, Some(Shape::of::<Problem>()), body);
            let is_listed =
                call.failures().iter().any(|(of, code)| u64::from(*of) == status && body["code"] == code.as_str());
            assert!(is_listed, "{name} fails as the table of calls does not say");
            continue;
        }
        match call.answer.1 {
            Answer::Nothing => same(&name, None, body),
            Answer::Json(shape) => same(&name, Some(shape), body),
            Answer::Text(_) => assert!(body.is_string(), "{name}"),
        }
    }
}

#[test]
fn broker_messages_are_read_and_written_unchanged() {
    for (name, json) in examples("broker") {
        let (_, shape) = BROKER_MESSAGES.iter().find(|(of, _)| *of == what(&name)).expect(&name);
        same(&name, Some(*shape), &json);
    }
}

#[test]
fn nothing_is_without_an_example() {
    let socket: Value = serde_json::from_str(include_str!("../../../docs/asyncapi-socket.json")).unwrap();
    let mut needed: Vec<String> = socket["components"]["messages"].as_object().unwrap().keys().cloned().collect();
    needed.extend(CALLS.iter().map(|call| format!("http.{}", call.name)));
    needed.extend(BROKER_MESSAGES.iter().map(|(name, _)| format!("broker.{name}")));
    for name in needed {
        let (kind, what) = name.split_once('.').unwrap();
        assert!(examples(kind).contains_key(what), "there is no golden/{name}.json");
    }
}

fn same(name: &str, shape: Option<Shape>, json: &Value) {
    match shape {
        Some(shape) => assert_eq!(shape.round_trip(json.clone()).expect(name), *json, "{name}"),
        None => assert!(json.is_null(), "{name} has a body"),
    }
}

fn is_at(call: &Call, path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let (expected, given): (Vec<_>, Vec<_>) = (call.path.split('/').collect(), path.split('/').collect());
    expected.len() == given.len() && expected.iter().zip(given).all(|(of, part)| of.starts_with('{') || *of == part)
}
