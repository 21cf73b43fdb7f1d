//! S6: no socket without a session; with one it stays open over any silence, and its end is noticed.

use parlor_protocol::{http::Info, socket::ServerFrame};
use parlor_testing::{Parlor, Setup, Tab, eventually, raw::Raw};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn no_socket_without_a_session() {
    let parlor = Parlor::starts().await;
    assert_eq!(parlor.opens_socket(&[]).await.unwrap_err(), 401);
    assert_eq!(parlor.opens_socket(&[("authorization", "Bearer nonsense")]).await.unwrap_err(), 401);
    assert_eq!(parlor.opens_socket(&[("cookie", "parlor_session=nonsense")]).await.unwrap_err(), 401);
    let carlos = parlor.log_in("carlos").await;
    Tab::opens(carlos.upgrade()).await;
    carlos.logs_out().await;
    assert_eq!(Tab::tries(carlos.upgrade()).await.unwrap_err(), 401);
}

#[tokio::test]
async fn the_refusal_of_an_upgrade_is_a_problem() {
    let parlor = Parlor::starts().await;
    let request = parlor
        .request(Method::GET, "/ws")
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==");
    parlor_testing::Answer::of(request).await.refuses(401, "not_logged_in");
}

#[tokio::test]
async fn a_browsers_cookie_opens_a_socket() {
    let parlor = Parlor::starts().await;
    let login = json!({"username": "carlos", "password": "1234"});
    let login = parlor_testing::Answer::of(parlor.request(Method::POST, "/api/auth/login").json(&login)).await;
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let origin = parlor.url("");
    let tab = parlor.opens_socket(&[("cookie", &cookie), ("origin", &origin)]).await.unwrap();
    assert_eq!(tab.hello.len(), 1);
    let stolen = [("cookie", cookie.as_str()), ("origin", "http://evil.example")];
    assert_eq!(parlor.opens_socket(&stolen).await.unwrap_err(), 403);
}

#[tokio::test]
async fn a_silent_socket_is_pinged_and_stays_open() {
    let parlor = Setup::demo().set("PARLOR_PING_INTERVAL", "100ms").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    for _silence in 0..5 {
        tab.is_pinged().await;
    }
    let general = tab.room("general").clone();
    tab.says("after a long silence").in_room(&general).await;
}

#[tokio::test]
async fn a_closed_tab_is_noticed() {
    let parlor = Setup::demo().set("PARLOR_SOCKETS_PER_PERSON", "1").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let first = carlos.connects().await;
    assert_eq!(Tab::is_let_in(carlos.upgrade()).await, Err(Some(4429)));
    first.leaves().await;
    one_more_finds_room(&carlos).await;
}

#[tokio::test]
async fn a_tab_that_vanished_without_a_word_is_noticed() {
    let settings = Setup::demo().set("PARLOR_SOCKETS_PER_PERSON", "1").set("PARLOR_PING_INTERVAL", "100ms");
    let parlor = settings.starts().await;
    let carlos = parlor.log_in("carlos").await;
    // Its connection stays up, as one whose cable was pulled does, but no ping is ever answered.
    let mut vanished = Raw::upgrades(parlor.port(), &carlos).await;
    one_more_finds_room(&carlos).await;
    assert!(!vanished.reads_to_the_end().await.is_empty(), "it got hello and pings before its end");
}

/// Waits until another socket is let in and stays.
async fn one_more_finds_room(person: &parlor_testing::Person) {
    eventually("place for another socket", async || Tab::is_let_in(person.upgrade()).await.ok()).await;
}

#[tokio::test]
async fn hello_comes_first_with_who_one_is_and_the_rooms_one_is_in() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    john.creates_room("not for Carlos", "public").await;
    let own = carlos.creates_room("Carlos' own", "private").await;
    let tab = carlos.connects().await;
    assert_eq!(tab.me, carlos.account);
    let info: Info = parlor.get("/api/info").await.expect(200).json();
    assert_eq!((tab.protocol, info.protocol), (1, 1));
    let mut names: Vec<_> = tab.hello.iter().map(|room| room.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Carlos' own", "general"]);
    let room = tab.room("Carlos' own");
    assert_eq!((room.id, room.last_seq, room.member), (own.id, own.last_seq, true));
}

#[tokio::test]
async fn no_compression_is_negotiated() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut raw = Raw::connects(parlor.port()).await;
    raw.sends(&format!(
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
        parlor.port(),
        carlos.token
    ))
    .await;
    let head = raw.reads_head().await.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
}

#[tokio::test]
async fn what_is_no_upgrade_gets_an_answer_and_no_server_error() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let answer = carlos.gets("/ws").await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    // The socket's path is no part of the page.
    assert!(!answer.header("content-type").contains("html"));
    let frames = carlos.connects().await.all_so_far().await;
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::Error { .. })));
}
