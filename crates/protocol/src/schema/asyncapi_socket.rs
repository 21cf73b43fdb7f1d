//! `docs/asyncapi-socket.json`: the frames of `GET /ws`, both directions.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::json::Schemas;
use crate::{
    limits,
    socket::{ClientFrame, CloseCode, ServerFrame},
};

pub(super) fn document() -> Value {
    let mut schemas = Schemas::new(SchemaSettings::draft07);
    let received = schemas.read_variants::<ClientFrame>();
    let sent = schemas.written_variants::<ServerFrame>();
    let messages: Map<String, Value> = received
        .iter()
        .map(|frame| message("client", frame))
        .chain(sent.iter().map(|frame| message("server", frame)))
        .collect();
    let in_channel: Map<String, Value> =
        messages.keys().map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")}))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parlor's websocket",
            "version": crate::PROTOCOL.to_string(),
            "description": description(),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {"host": "localhost:8080", "protocol": "ws", "security": [
                {"$ref": "#/components/securitySchemes/cookie"},
                {"$ref": "#/components/securitySchemes/bearer"},
            ]},
        },
        "channels": {
            "socket": {
                "address": "/ws",
                "messages": in_channel,
                "bindings": {"ws": {"method": "GET"}},
                "x-close-codes": close_codes(),
            },
        },
        "operations": {
            "receive": operation("receive", "What a client sends", "client", &received),
            "send": operation("send", "What the server sends", "server", &sent),
        },
        "components": {
            "messages": messages,
            "schemas": schemas.definitions(),
            "securitySchemes": {
                "cookie": {"type": "httpApiKey", "in": "cookie", "name": "parlor_session"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn description() -> String {
    format!(
        "One JSON object a text frame; `type` says which. The upgrade needs a session (401) and a matching `Origin` or \
         none (403). Clients ignore fields and types that they do not know; the server refuses them.\n\n\
         Every durable change of a room is an entry of its log and has the next `seq`: no gaps, no repeats, the same \
         for everyone. Every frame with `room` and `seq` together is an entry, `ack`, `resumed` and `reset` aside. A \
         client drops an entry with a `seq` at or below its last of that room, holds one above last + 1 and sends \
         `resume`, and lets an entry of an unknown kind only move its number.\n\n\
         A frame over {} KiB is refused and the socket stays open; over {} KiB it is closed. JSON is at most {} deep. A \
         `resume` has at most {} rooms; further behind than {} entries the answer is `reset`.",
        limits::FRAME_BYTES / 1024,
        limits::FRAME_CLOSE_BYTES / 1024,
        limits::JSON_DEPTH,
        limits::RESUME_ROOMS,
        limits::RESUME_ENTRIES,
    )
}

fn message(side: &str, (kind, schema): &(String, Value)) -> (String, Value) {
    let mut payload = schema.clone();
    let summary = payload.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut message = json!({"name": kind, "payload": payload});
    if let Some(summary) = summary {
        message["summary"] = summary;
    }
    (format!("{side}.{kind}"), message)
}

fn operation(action: &str, summary: &str, side: &str, frames: &[(String, Value)]) -> Value {
    let messages = frames.iter().map(|(kind, _)| json!({"$ref": format!("#/channels/socket/messages/{side}.{kind}")}));
    json!({
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn close_codes() -> Map<String, Value> {
    CloseCode::ALL.iter().map(|close| (close.code().to_string(), close.reason().into())).collect()
}
