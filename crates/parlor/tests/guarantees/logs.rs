//! The log says what happened, and holds neither passwords, tokens nor texts, however much it is asked to say.

use parlor_testing::{Parlor, Quotes, Setup, Tab};
use serde_json::json;

const SECRETS: [&str; 5] =
    ["hunter2-the-old-one", "correct-horse-battery", "wrong-wrong-wrong", "the-text-of-a-message", "the-edited-text"];

/// A day in the life of the server, with secrets everywhere; what must not be in its log.
async fn a_day(parlor: &Parlor) -> Vec<String> {
    let [old, new, wrong, text, edited] = SECRETS;
    let (status, said) = parlor.runs(&["user", "add", "anna", "--password-stdin"], &format!("{old}\n")).await;
    assert!(status.success(), "{said}");
    parlor.tries_to_log_in("anna", wrong).await.refuses(401, "invalid_credentials");
    let anna = parlor.log_in_with("anna", old).await;
    anna.posts("/api/auth/password", json!({"old": old, "new": new})).await.expect(204);
    let again = parlor.log_in_with("anna", new).await;
    anna.can_use("stock").await;
    let mut tab = anna.connects().await;
    let room = anna.creates_room("Anna's room", "private").await;
    tab.says(text).in_room(&room).await;
    let message = tab.hears_message(text).await;
    anna.edits(&message, edited).await.expect(204);
    tab.asks(&format!("/topic {text}"), &room).await;
    tab.asks("/stock aapl.us", &room).await;
    tab.asks(&format!("/nosuch {text}"), &room).await;
    tab.sends(format!(r#"{{"type":"message","text":"{text}"}}"#)).await;
    tab.hears_error().await;
    anna.posts("/api/rooms", json!({"name": text, "password": old})).await.refuses(422, "invalid_request");
    assert_eq!(Tab::tries(again.upgrade()).await.map(|_| ()), Ok(()));
    again.logs_out().await;
    let mut secrets: Vec<String> = SECRETS.iter().map(|secret| (*secret).to_owned()).collect();
    secrets.extend([anna.token, again.token]);
    secrets.push(std::fs::read_to_string(parlor.data().join("secret")).unwrap_or_else(|_| old.to_owned()));
    secrets
}

#[tokio::test]
async fn no_secret_and_no_text_is_in_the_log_however_much_it_says() {
    for format in ["text", "json"] {
        let quotes = Quotes::start().await;
        let settings =
            Setup::default().quotes_from(&quotes).set("PARLOR_LOG", "trace").set("PARLOR_LOG_FORMAT", format);
        let mut parlor = settings.starts().await;
        let secrets = a_day(&parlor).await;
        assert!(parlor.stops().await.0.success());
        let log = parlor.log();
        assert!(log.lines().count() > 20, "the log says something: {log}");
        for secret in secrets {
            let found = log.lines().find(|line| line.contains(secret.trim()));
            assert_eq!(found, None, "{format}: {secret} is in the log");
        }
    }
}

#[tokio::test]
async fn json_logs_are_json_line_by_line() {
    let mut parlor = Setup::demo().set("PARLOR_LOG_FORMAT", "json").starts().await;
    parlor.log_in("carlos").await;
    assert!(parlor.stops().await.0.success());
    let log = parlor.log();
    let mut events = 0;
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(event["level"].is_string() && event["timestamp"].is_string(), "{line}");
        events += 1;
    }
    assert!(events > 0, "{log}");
}

#[tokio::test]
async fn what_somebody_writes_cannot_forge_a_line_of_the_log() {
    let mut parlor = Setup::demo().set("PARLOR_LOG", "debug").starts().await;
    let forged = "x\n2025-11-24T16:00:00Z ERROR forged\u{1b}[31m";
    parlor.tries_to_log_in(forged, forged).await.refuses(401, "invalid_credentials");
    let carlos = parlor.log_in("carlos").await;
    carlos.gets("/api/rooms/x%0AERROR%20forged/messages").await.refuses(404, "unknown_room");
    let mut tab = carlos.connects().await;
    tab.sends(json!({"type": forged, "id": forged}).to_string()).await;
    tab.hears_error().await;
    parlor.stops().await;
    let log = parlor.log();
    assert!(!log.lines().any(|line| line.contains("ERROR forged")), "{log}");
    assert!(!log.contains("\u{1b}[31m"), "{log}");
}
