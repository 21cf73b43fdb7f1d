//! S7: whatever is not exactly one of the frames gets a typed error, to its sender only; nothing is stored or broadcast,
//! and the next valid frame works.

use parlor_protocol::error::ErrorCode;
use parlor_testing::Parlor;
use serde_json::json;

const ID: &str = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";

/// Frames that must be refused, with the `id` that must be echoed.
fn bad_frames(room: &str) -> Vec<(String, Option<&'static str>)> {
    let id = Some(ID);
    let message = |rest: &str| format!(r#"{{"type":"message","id":"{ID}","room":"{room}"{rest}}}"#);
    vec![
        (String::new(), None),
        ("hello".to_owned(), None),
        ("{".to_owned(), None),
        ("[]".to_owned(), None),
        ("null".to_owned(), None),
        ("42".to_owned(), None),
        ("{}".to_owned(), None),
        (message(""), id),
        (message(r#","text":"#), id),
        (message(r#","text":7"#), id),
        (message(r#","text":null"#), id),
        (message(r#","text":"""#), id),
        (message(r#","text":" \n\t""#), id),
        (message(r#","text":"a\u0000b""#), id),
        (message(r#","text":"a\u001bb""#), id),
        (message(r#","text":"\ud800""#), id),
        (message(r#","text":"hi","author":"john""#), id),
        (message(r#","text":"hi","seq":1"#), id),
        (message(r#","text":"hi","text":"ho""#), id),
        (message(r#","text":"hi"}"#), id),
        (format!(r#"{{"type":"shout","id":"{ID}","room":"{room}","text":"hi"}}"#), id),
        (format!(r#"{{"id":"{ID}","room":"{room}","text":"hi"}}"#), id),
        (format!(r#"{{"type":"Message","id":"{ID}","room":"{room}","text":"hi"}}"#), id),
        (format!(r#"{{"type":"hello","id":"{ID}"}}"#), id),
        (format!(r#"{{"type":"message","id":"42","room":"{room}","text":"hi"}}"#), Some("42")),
        (format!(r#"{{"type":"message","id":"{}","room":"{room}","text":"hi"}}"#, ID.to_uppercase()), None),
        (format!(r#"{{"type":"message","id":42,"room":"{room}","text":"hi"}}"#), None),
        (format!(r#"{{"type":"message","room":"{room}","text":"hi"}}"#), None),
        (r#"{"type":"resume"}"#.to_owned(), None),
        (r#"{"type":"resume","rooms":[]}"#.to_owned(), None),
        (r#"{"type":"resume","rooms":{"a":-1}}"#.to_owned(), None),
        (r#"{"type":"resume","rooms":{"a":1.5}}"#.to_owned(), None),
        (r#"{"type":"resume","rooms":{"a":9007199254740992}}"#.to_owned(), None),
        (r#"{"type":"resume","rooms":{},"id":"x"}"#.to_owned(), Some("x")),
        (format!(r#"{{"type":"message","id":"{ID}","x":{}1{}}}"#, "[".repeat(16), "]".repeat(16)), id),
    ]
}

#[tokio::test]
async fn every_bad_frame_gets_its_error_and_the_next_valid_one_works() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut sender, mut his_other, mut his) =
        (carlos.connects().await, carlos.connects().await, john.connects().await);
    let general = sender.room("general").clone();
    for (at, (frame, id)) in bad_frames(&general.id.to_string()).into_iter().enumerate() {
        sender.sends(frame.clone()).await;
        let (echoed, code, text) = sender.hears_error().await;
        assert_eq!(code, ErrorCode::InvalidRequest, "{frame}");
        if id.is_some() {
            assert_eq!(echoed.as_deref(), id, "{frame}");
        }
        assert!(!text.is_empty());
        sender.says(format!("valid {at}")).in_room(&general).await;
        sender.hears_message(&format!("valid {at}")).await;
        his.hears_message(&format!("valid {at}")).await;
    }
    nothing_but_valid_messages(&mut his).await;
    nothing_but_valid_messages(&mut his_other).await;
    assert!(carlos.reads(&general).await.iter().all(|text| text.starts_with("valid ")));
}

async fn nothing_but_valid_messages(tab: &mut parlor_testing::Tab) {
    for frame in tab.all_so_far().await {
        let frame = serde_json::to_value(frame).unwrap();
        assert_eq!(frame["type"], "message", "{frame}");
        assert!(frame["text"].as_str().unwrap().starts_with("valid "), "{frame}");
    }
}

#[tokio::test]
async fn a_binary_frame_is_an_invalid_request() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.sends_binary(vec![0, 159, 146, 150]).await;
    assert_eq!(tab.hears_error().await.1, ErrorCode::InvalidRequest);
    // Not even if it holds what would be a frame.
    let frame = json!({"type": "message", "id": ID, "room": general.id, "text": "in bytes"});
    tab.sends_binary(frame.to_string().into_bytes()).await;
    assert_eq!(tab.hears_error().await.1, ErrorCode::InvalidRequest);
    tab.says("in text").in_room(&general).await;
    assert_eq!(carlos.reads(&general).await, ["in text"]);
}

#[tokio::test]
async fn a_refused_id_is_free_for_a_valid_frame() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.sends_json(json!({"type": "message", "id": ID, "room": general.id, "text": ""})).await;
    assert_eq!(tab.hears_error().await.0.as_deref(), Some(ID));
    tab.says_as(ID.parse().unwrap(), "better").in_room(&general).await;
}

#[tokio::test]
async fn strict_http_bodies_too() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for body in [
        json!({}),
        json!([]),
        json!("room"),
        json!({"name": "a"}),
        json!({"name": 5, "kind": "public"}),
        json!({"name": "a", "kind": "open"}),
        json!({"name": "a", "kind": "direct"}),
        json!({"name": "a", "kind": "public", "owner": "john"}),
    ] {
        carlos.posts("/api/rooms", body).await.refuses(422, "invalid_request");
    }
    let raw = |body: &'static str, kind: &'static str| {
        let request = parlor.request(reqwest::Method::POST, "/api/rooms").bearer_auth(&carlos.token);
        parlor_testing::Answer::of(request.header("content-type", kind).body(body))
    };
    raw("{", "application/json").await.refuses(400, "invalid_request");
    raw(r#"{"name":"a","name":"b","kind":"public"}"#, "application/json").await.refuses(422, "invalid_request");
    raw(r#"{"name":"a","kind":"public"}"#, "text/plain").await.refuses(415, "unsupported_media_type");
    raw("name=a&kind=public", "application/x-www-form-urlencoded").await.refuses(415, "unsupported_media_type");
    assert_eq!(carlos.rooms().await.len(), 1);
}
