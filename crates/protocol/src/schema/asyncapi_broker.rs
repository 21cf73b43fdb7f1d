//! `docs/asyncapi-broker.json`: all that a bot in any language needs to know.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{Shape, json::Schemas};
use crate::{
    broker::{Answer, Invocation, Manifest, ManifestReply, Progress},
    limits,
};

/// Broker messages by the name they have in the document and among the golden examples.
pub const MESSAGES: &[(&str, Shape)] = &[
    ("manifest", Shape::beyond_the_page::<Manifest>()),
    ("manifest_reply", Shape::beyond_the_page::<ManifestReply>()),
    ("invocation", Shape::beyond_the_page::<Invocation>()),
    ("answer", Shape::beyond_the_page::<Answer>()),
    ("progress", Shape::beyond_the_page::<Progress>()),
];

pub(super) fn document() -> Value {
    let mut schemas = Schemas::new(SchemaSettings::draft07);
    let mut messages = json!({});
    for (name, shape) in MESSAGES {
        let is_written_by_chat = matches!(*name, "manifest_reply" | "invocation");
        let payload = if is_written_by_chat { schemas.written(*shape) } else { schemas.read(*shape) };
        messages[name] = json!({"name": name, "payload": payload});
    }
    let id = json!({"location": "$message.header#/correlation_id", "description": "The invocation's `id`."});
    for name in ["invocation", "answer"] {
        messages[name]["correlationId"] = id.clone();
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parlor's broker, for bots",
            "version": crate::PROTOCOL.to_string(),
            "description": description(),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "rabbitmq": {
                "host": "localhost:5672", "protocol": "amqp", "protocolVersion": "0.9.1",
                "description": "Where `PARLOR_BROKER_URL` points.",
            },
        },
        "channels": {
            "bots": queue("bots", "Where manifests go.", &["manifest"], json!({})),
            "replies": queue(
                "replies.{replica}",
                "Where the chat answers a manifest: the queue that the manifest's `reply_to` named. The bot declares \
                 it, exclusive to its connection.",
                &["manifest_reply"],
                json!({"replica": {"description": "Any text; best random, so that no other process has the same."}}),
            ),
            "command": queue(
                "command.{command}.v1",
                "The invocations of one command. The chat declares it and names it in its reply to the manifest: take \
                 the name from there, for its version can change. Replicas of a bot share it.",
                &["invocation"],
                json!({"command": {"description": "The command's name."}}),
            ),
            "answers": queue("answers", "Where outcomes go.", &["answer"], json!({})),
            "progress": progress_channel(),
        },
        "operations": {
            "announce": operation(
                "receive",
                "A bot says every 5 s which commands it has. With an `expiration` of 5 s none of them outlives its successor.",
                "bots",
                &["manifest"],
                Some("replies"),
                kept(),
            ),
            "invoke": operation(
                "send",
                "The chat gives a command to its bot. The `expiration` is what is left until the deadline; it acts at the \
                 queue's head only, so a bot looks at the `deadline` too.",
                "command",
                &["invocation"],
                None,
                kept(),
            ),
            "answer": operation(
                "receive",
                "A bot says what came of an invocation, and only then acknowledges it.",
                "answers",
                &["answer"],
                None,
                kept(),
            ),
            "report": operation("receive", "A bot says how far it has come.", "progress", &["progress"], None, json!({})),
        },
        "components": {"messages": messages, "schemas": schemas.definitions()},
    })
}

fn description() -> String {
    format!(
        "A bot is a consumer and a producer; this document is all it needs. `parlor` in the addresses is the \
         installation's `PARLOR_BROKER_PREFIX`.\n\n\
         1. Declare a queue for replies and publish the manifest to `parlor.bots` through the default exchange, with \
         `reply_to`. Repeat it every 5 s: it holds for 15 s. If there is no such queue, the chat has not been there \
         yet: try again. A command that another bot holds is refused until that bot's time is over.\n\
         2. Consume the queues that the reply names, acknowledging by hand.\n\
         3. For each invocation: do the work unless its `deadline` has passed, publish one answer to `parlor.answers` \
         through the default exchange, wait for the broker's confirm, then acknowledge. An invocation can come twice; \
         only its first answer counts. Reject one that can never be carried out: its command ends as failed.\n\
         4. If you like, publish progress on the way, to the exchange that its channel names.\n\n\
         Messages are JSON of at most {} KiB with content type `application/json`; those in queues are persistent. \
         Unknown fields in what a bot sends are refused; a bot ignores those that it does not know.",
        limits::BROKER_BYTES / 1024
    )
}

fn queue(rest: &str, description: &str, messages: &[&str], parameters: Value) -> Value {
    let is_exclusive = rest.starts_with("replies");
    let address = format!("parlor.{rest}");
    let mut channel = channel(&address, description, messages);
    channel["bindings"]["amqp"] = json!({
        "is": "queue",
        "queue": {
            "name": address, "durable": !is_exclusive, "exclusive": is_exclusive, "autoDelete": is_exclusive, "vhost": "/",
        },
    });
    if parameters.as_object().is_some_and(|parameters| !parameters.is_empty()) {
        channel["parameters"] = parameters;
    }
    channel
}

/// Progress may be lost, so it goes to whoever listens now and waits in no queue.
fn progress_channel() -> Value {
    let description = "How far invocations have come: the routing key of an exchange that the chat declares. It may be \
                       lost, and needs no confirm.";
    let mut channel = channel("parlor.progress", description, &["progress"]);
    channel["bindings"]["amqp"] = json!({
        "is": "routingKey",
        "exchange": {"name": "parlor.hints", "type": "direct", "durable": true, "autoDelete": false, "vhost": "/"},
    });
    channel
}

fn channel(address: &str, description: &str, messages: &[&str]) -> Value {
    let mut channel = json!({"address": address, "description": description});
    for name in messages {
        channel["messages"][name] = json!({"$ref": format!("#/components/messages/{name}")});
    }
    channel
}

/// What is published to stay: persistent, returned if there is no such queue, and acknowledged by whoever took it.
fn kept() -> Value {
    json!({"amqp": {"deliveryMode": 2, "mandatory": true, "ack": true, "bindingVersion": "0.3.0"}})
}

fn operation(
    action: &str,
    summary: &str,
    channel: &str,
    messages: &[&str],
    reply: Option<&str>,
    bindings: Value,
) -> Value {
    let of = |channel: &str, name: &str| json!({"$ref": format!("#/channels/{channel}/messages/{name}")});
    let mut operation = json!({
        "action": action,
        "summary": summary,
        "channel": {"$ref": format!("#/channels/{channel}")},
        "messages": messages.iter().map(|name| of(channel, name)).collect::<Vec<_>>(),
    });
    if bindings.as_object().is_some_and(|bindings| !bindings.is_empty()) {
        operation["bindings"] = bindings;
    }
    if let Some(replies) = reply {
        operation["reply"] = json!({
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": format!("#/channels/{replies}")},
            "messages": [of(replies, "manifest_reply")],
        });
    }
    operation
}
