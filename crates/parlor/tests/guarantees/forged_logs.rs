//! Nothing that a client sends begins a line of the log, moves a terminal's cursor or shows a session's token, wherever
//! it is sent and however much is logged.

use parlor_testing::{
    Parlor, Setup,
    raw::{Frame, Raw},
};
use serde_json::json;

const LINE: &str = "2026-01-01T00:00:00.000000Z ERROR forged: all is lost";

/// Everything that a client can put a word of its own into.
async fn everywhere(parlor: &Parlor) -> Vec<String> {
    let forged = format!("x\n{LINE}\r\n{LINE}\u{1b}[2J\u{1b}[31m\u{9b}31m\u{2028}{LINE}");
    let carlos = parlor.log_in("carlos").await;
    parlor.tries_to_log_in(&forged, &forged).await.refuses(401, "invalid_credentials");
    carlos.posts("/api/rooms", json!({"name": forged, "kind": "public"})).await.refuses(422, "invalid_room_name");
    carlos.posts("/api/rooms", json!({"name": "a", "kind": forged})).await.refuses(422, "invalid_request");
    carlos.posts("/api/rooms", json!({forged.clone(): 1})).await.refuses(422, "invalid_request");
    carlos.posts("/api/direct", json!({"user_id": forged})).await.refuses(404, "unknown_person");
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.says(forged.replace(['\r', '\u{1b}', '\u{9b}'], "")).in_room(&general).await;
    for frame in [
        json!({"type": forged}),
        json!({"type": "message", "id": forged, "room": forged, "text": "x"}),
        json!({"type": "message", "id": parlor_protocol::ids::MessageId::new(), "room": forged, "text": "x"}),
        json!({"type": "command", "id": parlor_protocol::ids::MessageId::new(), "room": general.id,
               "text": format!("/\n{LINE}")}),
        json!({forged.clone(): forged}),
    ] {
        tab.sends_json(frame).await;
        tab.hears_error().await;
    }
    tab.asks(&format!("/topic {LINE}"), &general).await;
    let escaped = "%0A2026-01-01T00:00:00.000000Z%20ERROR%20forged%1b[31m";
    let odd = b"\xff\xc2\x9b31m\x09ERROR forged";
    for line in [
        format!("GET /{escaped} HTTP/1.1"),
        format!("GET /api/rooms/{escaped}/messages?after={escaped} HTTP/1.1"),
        format!("GET /api/auth/{escaped} HTTP/1.1"),
        "FORGED-ERROR /api/rooms HTTP/1.1".to_owned(),
        format!("GET http://127.0.0.1:{}/{escaped} HTTP/1.1", parlor.port()),
        "\u{1b}[31mGET / HTTP/1.1".to_owned(),
    ] {
        let mut request =
            format!("{line}\r\nHost: localhost\r\nConnection: close\r\nCookie: parlor_session={}; a=", carlos.token)
                .into_bytes();
        for header in
            ["User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Request-Id", "Traceparent", "Accept-Language"]
        {
            request.extend(odd);
            request.extend(format!("\r\n{header}: ").bytes());
        }
        request.extend(odd);
        request.extend(b"\r\n\r\n");
        let mut raw = Raw::connects(parlor.port()).await;
        raw.offers(&request).await;
        raw.reads_to_the_end().await;
    }
    let mut raw = Raw::upgrades(parlor.port(), &carlos).await;
    raw.offers(&Frame::close(4000, &forged.as_bytes()[..100]).bytes()).await;
    raw.is_closed().await;
    vec![carlos.token]
}

#[tokio::test]
async fn every_line_of_the_log_is_the_servers_own() {
    for format in ["text", "json"] {
        let settings = Setup::demo().set("PARLOR_LOG", "trace").set("PARLOR_LOG_FORMAT", format);
        let mut parlor = settings.starts().await;
        let secrets = everywhere(&parlor).await;
        parlor.stops().await;
        let log = parlor.log();
        assert!(log.lines().count() > 100, "{log}");
        for line in log.lines() {
            let is_own = match format {
                "text" => begins_as_a_line_of_the_log(line),
                _ => serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["timestamp"].is_string()),
            };
            assert!(is_own, "{format}: {line:?}");
            assert!(!line.starts_with("2026-01-01T00:00:00.000000Z ERROR"), "{format}: {line:?}");
            let unseen = |c: char| c.is_control() && c != '\t';
            assert!(!line.contains(unseen), "{format}: {line:?}");
            for secret in &secrets {
                assert!(!line.contains(secret.as_str()), "{format}: {line:?}");
            }
        }
    }
}

/// `2025-11-24T16:00:00.000000Z  INFO …`
fn begins_as_a_line_of_the_log(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let time = words.next().is_some_and(|word| word.len() == 27 && word.ends_with('Z') && word.starts_with("20"));
    time && words.next().is_some_and(|level| ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level))
}
