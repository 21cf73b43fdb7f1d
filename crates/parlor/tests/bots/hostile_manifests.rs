//! Manifests that no good bot sends: each is refused with its reason or not read at all, and the chat goes on.

use serde_json::{Value, json};

use crate::{by_hand::ByHand, installation::Installation};

fn manifest(bot: &str, commands: Value) -> Value {
    json!({"bot": bot, "name": "A Bot", "replica": "one", "commands": commands})
}

fn command(name: &str) -> Value {
    json!({"name": name, "summary": "Does it"})
}

#[tokio::test]
async fn what_is_no_manifest_has_no_reply_and_no_effect() {
    let mut chat = Installation::starts().await;
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    let good = manifest("sleeper", json!([command("sleep")]));
    let with = |field: &str, value: Value| {
        let mut wrong = good.clone();
        wrong[field] = value;
        wrong.to_string()
    };
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let mut huge = good.clone();
    huge["commands"][0]["summary"] = json!("x".repeat(2 << 20));
    for wrong in [
        String::new(),
        "no JSON".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        deep.clone(),
        huge.to_string(),
        good.to_string().replace("\"one\"", &deep),
        with("bot", json!(7)),
        with("commands", json!({"sleep": {}})),
        with("commands", json!([{"name": "sleep"}])),
        with("commands", json!([{"name": "sleep", "summary": "s", "deadline_ms": -1}])),
        with(
            "commands",
            json!([{"name": "sleep", "summary": "s", "arguments": [{"name": "a", "kind": {"type": "no"}}]}]),
        ),
        with("admin", json!(true)),
    ] {
        bot.publishes("bots", wrong, bot.reply_to()).await;
    }
    // The one after them is the first that is answered.
    let reply = bot.announces(manifest("sleeper", json!([command("help"), command("sleep")]))).await;
    assert_eq!(reply.accepted.len(), 1, "{reply:?}");
    assert_eq!(reply.refused[0].reason, "the chat has this command itself");
    chat.goes_on().await;
    chat.ends().await;
}

#[tokio::test]
async fn what_is_refused_is_refused_with_its_reason() {
    let mut chat = Installation::starts().await;
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    chat.carlos.can_use("stock").await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    let one = |name: &str| json!([command(name)]);
    let spec = |field: &str, value: Value| {
        let mut spec = command("sleep");
        spec[field] = value;
        json!([spec])
    };
    let many: Vec<_> = (0..3_000).map(|n| command(&format!("c{n}"))).collect();
    for (wrong, reason) in [
        (manifest("thief", one("stock")), "the bot stock holds this command"),
        (manifest("thief", one("choose")), "the bot chooser holds this command"),
        (manifest("sleeper", one("help")), "the chat has this command itself"),
        (manifest("sleeper", one("leave")), "the chat has this command itself"),
        (manifest("parlor", one("sleep")), "no bot can be named parlor"),
        (manifest("Sleeper", one("sleep")), "a bot's name is a-z, then a-z, digits or -, at most 32 characters"),
        (manifest("../..", one("sleep")), "a bot's name is a-z, then a-z, digits or -, at most 32 characters"),
        (
            manifest("sleeper", one("../bots")),
            "a command's name is a-z, then a-z, digits, - or _, at most 32 characters",
        ),
        (
            manifest("sleeper", one(&"x".repeat(10_000))),
            "a command's name is a-z, then a-z, digits, - or _, at most 32 characters",
        ),
        (manifest("sleeper", json!(many)), "the manifest is too large"),
        (manifest("sleeper", json!([command("sleep"), command("sleep")])), "the manifest names a command twice"),
        (
            manifest("sleeper", spec("summary", json!("x".repeat(201)))),
            "the summary is one line of at most 200 characters",
        ),
        (
            manifest("sleeper", spec("summary", json!("two\nlines"))),
            "the summary is one line of at most 200 characters",
        ),
        (manifest("sleeper", spec("deadline_ms", json!(0))), "a deadline is 1 millisecond to 15 minutes"),
        (manifest("sleeper", spec("deadline_ms", json!(u64::MAX))), "a deadline is 1 millisecond to 15 minutes"),
    ] {
        let reply = bot.announces(wrong.clone()).await;
        assert_eq!(reply.accepted.len(), 0, "{wrong}");
        assert!(!reply.refused.is_empty(), "{wrong}");
        for refused in &reply.refused {
            assert_eq!(refused.reason, reason, "{wrong}");
        }
    }
    assert_eq!(chat.shows("sleep").await, None);
    assert_eq!(chat.shows("stock").await.unwrap().bot, "stock");
    chat.goes_on().await;
    chat.ends().await;
}

#[tokio::test]
async fn a_reply_that_reaches_nobody_hurts_nobody() {
    let mut chat = Installation::starts().await;
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    let bot = ByHand::connects(&chat.rabbit).await;
    let manifest = manifest("sleeper", json!([command("sleep")])).to_string();
    bot.publishes("bots", manifest.clone(), Some(&chat.rabbit.name("replies.nobody"))).await;
    bot.publishes("bots", manifest, None).await;
    chat.carlos.can_use("sleep").await;
    chat.goes_on().await;
    chat.ends().await;
}
