//! Answers that no good bot sends: they are dropped and counted, or become a plain error, and the chat goes on.

use parlor_protocol::error::ErrorCode;
use serde_json::{Value, json};

use crate::{by_hand::ByHand, installation::Installation};

#[tokio::test]
async fn what_is_no_answer_is_dropped_and_the_real_one_counts() {
    let mut chat = Installation::starts().await;
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(60_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    let taken = bot.takes("sleep").await;
    let good = json!({"id": id, "bot": "sleeper", "replica": "one", "outcome": {"type": "message", "text": "hi"}});
    let with = |field: &str, value: Value| {
        let mut wrong = good.clone();
        wrong[field] = value;
        wrong.to_string()
    };
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let wrong = [
        String::new(),
        "no JSON".to_owned(),
        "null".to_owned(),
        deep.clone(),
        good.to_string().replace("\"hi\"", &deep),
        with("id", json!(7)),
        with("id", json!("not-an-id")),
        with("outcome", json!({"type": "message"})),
        with("outcome", json!({"type": "html", "text": "<b>"})),
        with("outcome", json!({"type": "message", "text": "hi", "author": "person:carlos"})),
        with("outcome", json!({"type": "message", "text": "x".repeat(2 << 20)})),
        with("outcome", json!({"type": "error", "code": "no_such_code", "message": "no"})),
        with("room", json!("another")),
    ];
    for answer in &wrong {
        bot.publishes("answers", answer, None).await;
    }
    chat.drops("unreadable", wrong.len()).await;
    bot.answers(id, "sleeper", "awake").await;
    taken.acknowledged().await;
    assert_eq!(chat.tab.hears_outcome(id).await.message().text, "awake");
    chat.goes_on().await;
    chat.ends().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_shown_is_a_failure() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(60_000)).await;
    for outcome in [
        json!({"type": "message", "text": ""}),
        json!({"type": "message", "text": "\u{0}"}),
        json!({"type": "message", "text": "x".repeat(8_001)}),
        json!({"type": "answer", "text": " \n "}),
        json!({"type": "message", "text": "hi", "details": {"source": "x".repeat(501)}}),
        json!({"type": "message", "text": "hi", "details": {"facts": vec![json!({"label": "a", "value": "b"}); 21]}}),
        json!({"type": "error", "code": "command_failed", "message": "\u{7}"}),
    ] {
        let id = chat.tab.commands("/sleep", &chat.general).await;
        let taken = bot.takes("sleep").await;
        let answer = json!({"id": id, "bot": "sleeper", "replica": "one", "outcome": outcome});
        bot.publishes("answers", answer.to_string(), None).await;
        taken.acknowledged().await;
        let expected =
            (ErrorCode::CommandFailed, "/sleep was answered with something that cannot be shown.".to_owned());
        assert_eq!(chat.tab.hears_outcome(id).await.error(), expected, "{outcome}");
    }
    // A code that is not a bot's to give is no more than a failure.
    let id = chat.tab.commands("/sleep", &chat.general).await;
    let taken = bot.takes("sleep").await;
    let outcome = json!({"type": "error", "code": "not_logged_in", "message": "Log in, please."});
    let answer = json!({"id": id, "bot": "sleeper", "replica": "one", "outcome": outcome});
    bot.publishes("answers", answer.to_string(), None).await;
    taken.acknowledged().await;
    let (code, text) = chat.tab.hears_outcome(id).await.error();
    assert_eq!((code, text.as_str()), (ErrorCode::CommandFailed, "Log in, please."));
    assert!(chat.carlos.reads(&chat.general).await.is_empty());
    chat.ends().await;
}
