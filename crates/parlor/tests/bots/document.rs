//! `docs/asyncapi-broker.json`, and what is wrong with a message by it. Everything about a message is looked up there, so
//! that the document itself is under test.

use std::{fs, path::Path, time::Duration};

use jsonschema::Draft;
use serde_json::{Value, json};

use crate::tap::Published;

const ANNOUNCED_EVERY: Duration = Duration::from_secs(5);
/// What may pass on a busy machine between a message's making and its way by the tap.
const SLACK: Duration = Duration::from_secs(3);

pub struct Document {
    json: Value,
    prefix: String,
}

impl Document {
    /// As an installation of this prefix reads it.
    pub fn of(prefix: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asyncapi-broker.json");
        let text = fs::read_to_string(file).expect("the published document");
        Self { json: serde_json::from_str(&text).expect("JSON"), prefix: prefix.to_owned() }
    }

    /// The names of all kinds of message.
    pub fn kinds(&self) -> Vec<String> {
        members(&self.json["components"]["messages"]).map(|(name, _)| name.clone()).collect()
    }

    /// The kind of message that belongs where this one was sent; none where nothing belongs.
    pub fn kind(&self, published: &Published) -> Option<&str> {
        let (_, channel) = members(&self.json["channels"]).find(|(_, channel)| self.leads_to(channel, published))?;
        members(&channel["messages"]).map(|(name, _)| name.as_str()).next()
    }

    fn leads_to(&self, channel: &Value, published: &Published) -> bool {
        let exchange = channel["bindings"]["amqp"]["exchange"]["name"].as_str().map(|name| self.here(name));
        published.exchange == exchange.unwrap_or_default() && self.fits(channel, &published.key)
    }

    /// Whether a name fits the channel's address.
    fn fits(&self, channel: &Value, name: &str) -> bool {
        let address = self.here(channel["address"].as_str().expect("an address"));
        match (address.split_once('{'), address.split_once('}')) {
            (Some((before, _)), Some((_, after))) => {
                name.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).is_some_and(|part| !part.is_empty())
            }
            _ => name == address,
        }
    }

    fn here(&self, name: &str) -> String {
        let rest = name.strip_prefix("parlor.").expect("names begin with the prefix");
        format!("{}.{rest}", self.prefix)
    }

    /// What is wrong with a message by the document; nothing if it is right.
    pub fn faults(&self, published: &Published) -> Vec<String> {
        let Some(kind) = self.kind(published) else {
            return vec![format!("nothing belongs to {:?} {}", published.exchange, published.key)];
        };
        let Ok(body) = serde_json::from_slice(&published.body) else { return vec!["it is no JSON".to_owned()] };
        let mut faults = self.faults_of_body(kind, &body);
        let properties = &published.properties;
        let mut expect = |is_right: bool, fault: &str| {
            if !is_right {
                faults.push(fault.to_owned());
            }
        };
        let content_type = properties.content_type().as_ref().map(|kind| kind.as_str());
        expect(content_type == self.json["defaultContentType"].as_str(), "content_type");
        if self.json["components"]["messages"][kind].get("correlationId").is_some() {
            let id = properties.correlation_id().as_ref().map(|id| id.as_str());
            expect(id.is_some() && id == body["id"].as_str(), "correlation_id");
        }
        // A reply has no operation of its own, which would say more about it.
        let Some(operation) = self.operation(kind) else { return faults };
        let bindings = &operation["bindings"]["amqp"];
        if let Some(mode) = bindings.get("deliveryMode") {
            expect(properties.delivery_mode().map(u64::from) == mode.as_u64(), "delivery_mode");
        }
        if let Some(mandatory) = bindings.get("mandatory") {
            expect(mandatory.as_bool() == Some(published.mandatory), "mandatory");
        }
        if operation.get("reply").is_some() {
            let reply_to = properties.reply_to().as_ref().map(|queue| queue.as_str()).unwrap_or_default();
            expect(self.fits(&self.json["channels"]["replies"], reply_to), "reply_to");
        }
        // How long that is, its summary says in words: a manifest's time, or what is left until the deadline.
        if operation["summary"].as_str().is_some_and(|summary| summary.contains("`expiration`")) {
            let expiration = properties.expiration().as_ref().and_then(|time| time.as_str().parse().ok());
            let expiration = expiration.map(Duration::from_millis).unwrap_or_default();
            let deadline = serde_json::from_value(body["deadline"].clone());
            let expected = deadline.map_or(ANNOUNCED_EVERY, |deadline| published.at.until(deadline));
            expect((expected..expected + SLACK).contains(&expiration), "expiration");
        }
        faults
    }

    fn faults_of_body(&self, kind: &str, body: &Value) -> Vec<String> {
        let mut schema = self.json.clone();
        schema["$ref"] = json!(format!("#/components/messages/{kind}/payload"));
        let options = jsonschema::options().with_draft(Draft::Draft7).should_validate_formats(true);
        let validator = options.build(&schema).expect("the document's schemas");
        validator.iter_errors(body).map(|error| format!("{error} at {}", error.instance_path())).collect()
    }

    /// The operation in which this kind is sent.
    fn operation(&self, kind: &str) -> Option<&Value> {
        let is_sent = |operation: &Value| {
            let mut sent = operation["messages"].as_array().into_iter().flatten().filter_map(|of| of["$ref"].as_str());
            sent.any(|name| name.ends_with(&format!("/messages/{kind}")))
        };
        members(&self.json["operations"]).map(|(_, operation)| operation).find(|operation| is_sent(operation))
    }
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().expect("an object").iter()
}
