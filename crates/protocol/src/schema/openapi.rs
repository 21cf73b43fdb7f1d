//! `docs/openapi.json`: the HTTP calls, from their table.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Shape, json::Schemas};
use crate::{
    error::ErrorCode,
    http::{
        Problem,
        calls::{Answer, CALLS, Call, Parameter},
    },
};

pub(super) fn document() -> Value {
    let mut schemas = Schemas::new(SchemaSettings::draft2020_12);
    let problem = schemas.written(Shape::of::<Problem>());
    let mut paths = Map::new();
    for call in CALLS {
        let path = paths.entry(call.path).or_insert_with(|| json!({}));
        path[call.method.as_str().to_lowercase()] = operation(call, &mut schemas, &problem);
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Parlor over HTTP",
            "version": crate::PROTOCOL.to_string(),
            "summary": "Log in, find rooms, read back. Live messages and commands go over the websocket.",
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The one origin of an installation"}],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions(),
            "securitySchemes": {
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "parlor_session",
                    "description": "Set by `POST /api/auth/login`. Behind HTTPS its name begins with `__Host-`.",
                },
                "bearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "The token that `POST /api/auth/login` answers when it is asked with `\"token\":true`.",
                },
            },
        },
    })
}

const DESCRIPTION: &str = "Bodies are JSON, and unknown fields in them are refused. Every error is \
    `application/problem+json` (RFC 9457) with a stable `code`. Calls that change something need an `Origin` that \
    matches the installation's, or none at all. Ids are strings, times are RFC 3339 in UTC. Clients must ignore \
    fields that they do not know.";

fn operation(call: &Call, schemas: &mut Schemas, problem: &Value) -> Value {
    let mut operation = json!({
        "operationId": call.name,
        "summary": call.summary,
        "x-who": call.who.as_str(),
        "responses": responses(call, schemas, problem),
    });
    let parameters: Vec<Value> = path_parameters(call.path).chain(call.query.iter().map(query_parameter)).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(shape) = call.request {
        operation["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": schemas.read(shape)}}});
    }
    if call.who.needs_session() {
        operation["security"] = json!([{"cookie": []}, {"bearer": []}]);
    }
    operation
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(|name| {
        let whose = match name {
            "user_id" => "A person's id",
            "message_id" => "A message's id",
            _ => "A room's id",
        };
        json!({
            "name": name, "in": "path", "required": true,
            "description": format!("{whose}. What is no id at all is not found either."),
            "schema": {"type": "string"},
        })
    })
}

fn query_parameter(parameter: &Parameter) -> Value {
    json!({
        "name": parameter.name, "in": "query", "required": false, "description": parameter.summary,
        "schema": {"type": "integer", "minimum": parameter.minimum, "maximum": parameter.maximum},
    })
}

/// Success, and one problem a status, whose codes the description lists.
fn responses(call: &Call, schemas: &mut Schemas, problem: &Value) -> Value {
    let (status, answer) = call.answer;
    let mut success = json!({"description": "Done."});
    match answer {
        Answer::Nothing => {}
        Answer::Json(shape) => {
            success["description"] = "The answer.".into();
            success["content"] = json!({"application/json": {"schema": schemas.written(shape)}});
        }
        Answer::Text(media_type) => {
            success["description"] = "The answer.".into();
            success["content"][media_type] = json!({"schema": {"type": "string"}});
        }
    }
    let mut responses = Map::from_iter([(status.to_string(), success)]);
    for (status, code) in call.failures() {
        let response = responses.entry(status.to_string()).or_insert_with(|| {
            json!({
                "description": "",
                "x-codes": [],
                "content": {"application/problem+json": {"schema": problem}},
            })
        });
        add_code(response, code);
    }
    responses.into()
}

fn add_code(response: &mut Value, code: ErrorCode) {
    if let Some(codes) = response["x-codes"].as_array_mut()
        && !codes.contains(&code.as_str().into())
    {
        codes.push(code.as_str().into());
        let names: Vec<_> = codes.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        response["description"] = names.join(" or ").into();
    }
}
