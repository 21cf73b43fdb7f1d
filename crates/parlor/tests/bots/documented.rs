//! What crosses the broker is what `docs/asyncapi-broker.json` says: each kind of message, of each bot. Every other test
//! here ends with the same check of whatever has crossed in it.

use std::collections::{BTreeMap, BTreeSet};

use lapin::BasicProperties;
use parlor_protocol::{
    broker::{Answer, Invocation, Manifest, ManifestReply, Outcome},
    time::Timestamp,
};
use parlor_testing::{Quotes, Setup};
use serde_json::json;

use crate::{document::Document, installation::Installation, tap::Published};

#[tokio::test]
async fn every_kind_of_message_of_every_bot_is_as_documented() {
    let quotes = Quotes::start().await;
    let mut chat = Installation::starts_as(Setup::demo().quotes_from(&quotes)).await;
    let apart = Setup::service(&["bot", "stock"]).argument("--demo").quotes_from(&quotes);
    let stock = apart.meets_at(chat.tap.url(), &chat.rabbit).starts().await;
    let (_dice, _chooser) = (chat.starts_dice(), chat.starts_chooser());
    for command in ["stock", "roll", "choose"] {
        chat.carlos.can_use(command).await;
    }
    chat.tab.asks("/roll 2", &chat.general).await.message();
    chat.tab.asks("/choose tea coffee", &chat.general).await.message();
    // The stock bot in the chat's process and the one apart share the work: until both have had their part.
    while chat.answers("stock").iter().map(|answer| &answer.replica).collect::<BTreeSet<_>>().len() < 2 {
        chat.tab.asks("/stock aapl.us", &chat.general).await.message();
    }
    chat.tab.asks("/stock nosuch.us", &chat.general).await;

    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let all = chat.tap.seen();
    for published in &all {
        if let Some(kind) = chat.document.kind(published) {
            seen.entry(kind).or_default().insert(about(kind, published));
        }
    }
    let kinds: BTreeSet<_> = seen.keys().map(|kind| (*kind).to_owned()).collect();
    assert_eq!(kinds, chat.document.kinds().into_iter().collect(), "a kind of message was never seen");
    for (kind, bots) in [
        ("manifest", ["chooser", "dice", "stock"]),
        ("manifest_reply", ["choose", "roll", "stock"]),
        ("invocation", ["choose", "roll", "stock"]),
        ("answer", ["chooser message", "dice message", "stock message"]),
    ] {
        for bot in bots {
            assert!(seen[kind].contains(bot), "no {kind} about {bot}: {seen:?}");
        }
    }
    drop(stock);
    chat.ends().await;
}

#[test]
fn what_is_not_as_documented_is_found() {
    let document = Document::of("here");
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let body = json!({"id": id, "bot": "dice", "replica": "one", "outcome": {"type": "answer", "text": "hi"}});
    let properties = BasicProperties::default().with_content_type("application/json".into()).with_delivery_mode(2);
    let properties = properties.with_correlation_id(id.into());
    let right = Published {
        at: Timestamp::now(),
        exchange: String::new(),
        key: "here.answers".to_owned(),
        mandatory: true,
        properties: properties.clone(),
        body: body.to_string().into_bytes(),
    };
    assert_eq!(document.faults(&right), Vec::<String>::new());
    let finds = |fault: &str, wrong: Published| {
        let faults = document.faults(&wrong);
        assert!(faults.len() == 1 && faults[0].contains(fault), "{faults:?} and not {fault}");
    };
    finds("nothing belongs", Published { key: "here.elsewhere".to_owned(), ..right.clone() });
    finds("nothing belongs", Published { exchange: "here.hints".to_owned(), ..right.clone() });
    finds("no JSON", Published { body: b"hi".to_vec(), ..right.clone() });
    finds("mandatory", Published { mandatory: false, ..right.clone() });
    let with = |properties| Published { properties, ..right.clone() };
    finds("content_type", with(properties.clone().with_content_type("text/plain".into())));
    finds("correlation_id", with(properties.clone().with_correlation_id("another".into())));
    finds("delivery_mode", with(properties.clone().with_delivery_mode(1)));
    for (field, value, fault) in [
        ("replica", json!(7), "not of type"),
        ("room", json!("general"), "room"),
        ("outcome", json!({"type": "answer"}), "not valid"),
    ] {
        let mut wrong = body.clone();
        wrong[field] = value;
        finds(fault, Published { body: wrong.to_string().into_bytes(), ..right.clone() });
    }
}

#[test]
fn the_readme_shows_the_bot_in_python() {
    let bot = include_str!("../../../../examples/dice-bot/dice_bot.py");
    let (_, rest) = bot.split_once("\ndef roll(").expect("its command");
    let (command, _) = rest.split_once("\n\n\n").expect("two empty lines after it");
    assert!(
        include_str!("../../../../README.md").contains(command),
        "README.md shows other code than this:\n{command}"
    );
}

/// Which bot or command a message is about.
fn about(kind: &str, published: &Published) -> String {
    let body = published.body.as_slice();
    match kind {
        "manifest" => serde_json::from_slice::<Manifest>(body).unwrap().bot,
        "manifest_reply" => {
            let reply: ManifestReply = serde_json::from_slice(body).unwrap();
            reply.accepted.into_iter().map(|accepted| accepted.command).collect()
        }
        "invocation" => serde_json::from_slice::<Invocation>(body).unwrap().command,
        "answer" => {
            let Answer { bot, outcome, .. } = serde_json::from_slice(body).unwrap();
            let kind = match outcome {
                Outcome::Message { .. } => "message",
                Outcome::Answer { .. } => "answer",
                Outcome::Error { .. } => "error",
            };
            format!("{bot} {kind}")
        }
        _ => String::new(),
    }
}
