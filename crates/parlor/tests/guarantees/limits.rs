//! Every bound of the contract, and that reaching one costs nobody else anything.

use parlor_protocol::{error::ErrorCode, socket::ServerFrame};
use parlor_testing::{Answer, Parlor, Setup, Tab, eventually, raw::Raw};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_text_has_at_most_8000_characters_whatever_they_are() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let room = general.id.to_string();
    for character in ["x", "é", "世", "😀"] {
        let longest = character.repeat(8_000);
        tab.says(&longest).in_room(&general).await;
        assert_eq!(tab.hears_message(&longest).await.text, longest);
        assert_eq!(tab.says(character.repeat(8_001)).is_refused_in(&room).await, ErrorCode::TooLarge);
    }
    let id = tab.commands(&format!("/help {}", "x".repeat(8_000)), &general).await;
    assert_eq!(tab.hears_outcome(id).await.error().0, ErrorCode::TooLarge);
    assert_eq!(carlos.reads(&general).await.len(), 4);
}

#[tokio::test]
async fn a_frame_above_128_kib_is_refused_and_the_socket_stays_open() {
    let parlor = Parlor::starts().await;
    let mut tab = parlor.log_in("carlos").await.connects().await;
    let general = tab.room("general").clone();
    let id = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";
    for size in [128 * 1024 + 1, 1024 * 1024] {
        let mut frame = json!({"type": "message", "id": id, "room": general.id, "text": ""}).to_string();
        frame.push_str(&" ".repeat(size - frame.len()));
        tab.sends(frame).await;
        let (echoed, code, _) = tab.hears_error().await;
        assert_eq!((echoed.as_deref(), code), (Some(id), ErrorCode::TooLarge), "{size}");
    }
    // White space around a frame is no fault within the bound.
    let mut frame = json!({"type": "message", "id": id, "room": general.id, "text": "padded"}).to_string();
    frame.push_str(&" ".repeat(128 * 1024 - frame.len()));
    tab.sends(frame).await;
    tab.hears_message("padded").await;
}

#[tokio::test]
async fn a_frame_above_1_mib_closes_with_1009() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut tab, mut other) = (carlos.connects().await, john.connects().await);
    tab.sends("x".repeat(1024 * 1024 + 1)).await;
    assert_eq!(tab.is_closed().await, Some(1009));
    let general = other.room("general").clone();
    other.says("undisturbed").in_room(&general).await;
}

#[tokio::test]
async fn messages_that_come_too_fast_are_refused_with_the_time_to_wait() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "5").starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut one, mut two, mut johns) = (carlos.connects().await, carlos.connects().await, john.connects().await);
    let general = one.room("general").clone();
    // The burst is one for the person, over all tabs.
    for n in 0..60 {
        let tab = if n % 2 == 0 { &mut one } else { &mut two };
        tab.says(format!("fast {n}")).without_waiting_in(&general).await;
    }
    let mut acks = 0;
    let mut refused = Vec::new();
    for tab in [&mut one, &mut two] {
        for _answer in 0..30 {
            let refusal = tab.hears("ack or error", |frame| match frame {
                ServerFrame::Ack { .. } => Some(None),
                ServerFrame::Error { id, code, retry_after_ms, .. } => {
                    assert_eq!(*code, ErrorCode::RateLimited);
                    assert!(retry_after_ms.is_some_and(|wait| (1..=60_000).contains(&wait)), "{retry_after_ms:?}");
                    Some(id.clone())
                }
                _ => None,
            });
            match refusal.await {
                None => acks += 1,
                Some(id) => refused.push(id),
            }
        }
    }
    // Ten times the rate at once, and what accrued while this test was sending.
    assert!((50..60).contains(&acks), "{acks} were taken");
    johns.says("not John's business").in_room(&general).await;
    let id = refused[0].parse().unwrap();
    eventually("allowance for the refused message", async || {
        one.says_as(id, "at last").without_waiting_in(&general).await;
        let heard = one.all_so_far().await;
        heard.iter().any(|frame| matches!(frame, ServerFrame::Ack { id: of, .. } if *of == id)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_socket_above_a_persons_quota_is_the_one_that_is_closed() {
    let parlor = Setup::demo().set("PARLOR_SOCKETS_PER_PERSON", "2").starts().await;
    let (carlos, carlos_elsewhere) = (parlor.log_in("carlos").await, parlor.log_in("carlos").await);
    let (mut one, mut two) = (carlos.connects().await, carlos_elsewhere.connects().await);
    assert_eq!(Tab::is_let_in(carlos.upgrade()).await, Err(Some(4429)));
    assert_eq!(Tab::is_let_in(carlos_elsewhere.upgrade()).await, Err(Some(4429)));
    let mut johns = parlor.log_in("john").await.connects().await;
    let general = johns.room("general").clone();
    johns.says("hi").in_room(&general).await;
    one.hears_message("hi").await;
    two.hears_message("hi").await;
}

#[tokio::test]
async fn a_hundred_sockets_of_one_person_are_fine_and_no_quota_is_no_quota() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tabs = Vec::new();
    for _tab in 0..100 {
        tabs.push(carlos.connects().await);
    }
    assert_eq!(Tab::is_let_in(carlos.upgrade()).await, Err(Some(4429)));
    let unlimited = Setup::demo().set("PARLOR_SOCKETS_PER_PERSON", "0").starts().await;
    let carlos = unlimited.log_in("carlos").await;
    for _tab in 0..120 {
        tabs.push(carlos.connects().await);
    }
    let general = tabs[150].room("general").clone();
    tabs[150].says("to all of me").in_room(&general).await;
    for tab in &mut tabs[100..] {
        tab.hears_message("to all of me").await;
    }
}

#[tokio::test]
async fn a_socket_that_nobody_reads_is_closed_as_too_slow_and_slows_nobody() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut stuck = Raw::upgrades(parlor.port(), &john).await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    let text = "x".repeat(7_990);
    let mut said = 0;
    while parlor.metric("parlor_sockets_too_slow_total").await < 0.5 {
        assert!(said < 2_000, "{} MB are held for one socket", said * 8 / 1_000);
        for _message in 0..20 {
            said += 1;
            his.says(format!("{said} {text}")).without_waiting_in(&general).await;
            johns.hears("message", |frame| matches!(frame, ServerFrame::Message(_)).then_some(())).await;
        }
    }
    let bytes = stuck.reads_to_the_end().await;
    let [high, low] = 4408_u16.to_be_bytes();
    let is_close = |frame: &[u8]| frame[0] == 0x88 && frame[2..] == [high, low];
    assert!(bytes.windows(4).any(is_close), "{} bytes and no close with 4408", bytes.len());
    his.says("still here").in_room(&general).await;
}

#[tokio::test]
async fn a_body_above_its_bound_is_refused_and_the_server_goes_on() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let huge = json!({"name": "x".repeat(200 * 1024), "kind": "public"});
    carlos.posts("/api/rooms", huge).await.refuses(413, "too_large");
    let deep = format!(r#"{{"name":{}1{},"kind":"public"}}"#, "[".repeat(40), "]".repeat(40));
    let request = parlor.request(Method::POST, "/api/rooms").bearer_auth(&carlos.token);
    Answer::of(request.header("content-type", "application/json").body(deep)).await.refuses(422, "invalid_request");
    carlos.creates_room("Small", "public").await;
}

#[tokio::test]
async fn a_request_whose_head_never_ends_is_cut_off() {
    let parlor = Parlor::starts().await;
    let mut slow = Raw::connects(parlor.port()).await;
    slow.sends("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ").await;
    let answered = slow.reads_to_the_end().await;
    assert!(!answered.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answered));
    parlor.get("/healthz").await.expect(200);
}
