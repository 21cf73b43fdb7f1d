//! Connections that begin and never go on, or vanish: others are served at once, and nothing of them stays.

use parlor_testing::{
    Answer, Parlor, eventually,
    footprint::{allow_many_connections, descriptors},
    raw::Raw,
};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn fifteen_hundred_half_open_handshakes_keep_nobody_out() {
    const HALF_OPEN: usize = 1_500;
    allow_many_connections();
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let upgrade = parlor_testing::raw::upgrade(parlor.port(), &carlos);
    let beginnings = ["", "GET / HT", "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nX: ", &upgrade[..300]];
    let mut half_open = Vec::new();
    for n in 0..HALF_OPEN {
        let mut raw = Raw::connects(parlor.port()).await;
        // One that has been sent away already takes nothing any more.
        raw.offers(beginnings[n % beginnings.len()].as_bytes()).await;
        half_open.push(raw);
    }
    let john = parlor.log_in("john").await;
    let mut johns = john.connects().await;
    johns.says("let in").in_room(&general).await;
    tab.hears_message("let in").await;
    parlor.get("/").await;
    assert!(descriptors(parlor.pid()) < HALF_OPEN, "{} are kept", descriptors(parlor.pid()));
    // Whoever was there first had to go, whoever came last may go on.
    assert_eq!(half_open.remove(0).reads_text().await, "");
    let mut last = half_open.pop().unwrap();
    last.sends(&upgrade[300..]).await;
    assert!(last.reads_head().await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn bodies_that_never_end_keep_nobody_out() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut slow = Vec::new();
    for call in ["POST /api/auth/login", "POST /api/rooms", "POST /api/direct", "POST /api/auth/password"].repeat(75) {
        let mut raw = Raw::connects(parlor.port()).await;
        raw.sends(&format!(
            "{call} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\
             Authorization: Bearer {}\r\n\r\n{{",
            carlos.token
        ))
        .await;
        slow.push(raw);
    }
    parlor.log_in("john").await.connects().await;
    carlos.creates_room("meanwhile", "public").await;
    // A login whose body has not come has no turn at the passwords, and is not refused either.
    slow[0].sends(&" ".repeat(998)).await;
    slow[0].sends("}").await;
    assert!(slow[0].reads_head().await.starts_with("HTTP/1.1 422 "));
}

#[tokio::test]
async fn of_connections_that_vanish_nothing_stays() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let upgrade = parlor_testing::raw::upgrade(parlor.port(), &carlos);
    let before = descriptors(parlor.pid());
    let body =
        "POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    let login = r#"{"username":"nobody","password":"x"}"#;
    let login = format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{login}",
        login.len()
    );
    for at in ["", "GET / HTTP/1.1\r\nHo", body, "GET /api/rooms HTTP/1.1\r\nHost: localhost\r\n\r\n", &upgrade, &login]
    {
        for n in 0..20 {
            let mut raw = Raw::connects(parlor.port()).await;
            raw.sends(at).await;
            if n % 2 == 0 { raw.vanishes() } else { drop(raw) }
        }
    }
    eventually("end of all that vanished", async || {
        let sockets = parlor.metric("parlor_sockets").await;
        // A connection or two of the looks themselves.
        (sockets < 0.5 && descriptors(parlor.pid()) <= before + 10).then_some(())
    })
    .await;
    assert!(parlor.metric("parlor_http_panics_total").await.abs() < 0.5);
    parlor.log_in("carlos").await.connects().await;
}

#[tokio::test]
async fn a_flood_of_logins_holds_up_nobody_who_is_logged_in() {
    const FLOOD: usize = 64;
    let parlor = parlor_testing::Setup::demo().set("PARLOR_LOGIN_RATE", "0").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let mut flood = tokio::task::JoinSet::new();
    for n in 0..FLOOD {
        let body = json!({"username": format!("nobody{n}"), "password": "x"});
        flood.spawn(Answer::of(parlor.request(Method::POST, "/api/auth/login").json(&body)));
    }
    eventually("work at the passwords", async || {
        (parlor.metric("parlor_password_checks_total").await > 3.5).then_some(())
    })
    .await;
    for n in 0..10 {
        tab.says(format!("meanwhile {n}")).in_room(&general).await;
        carlos.rooms().await;
        assert!(carlos.is_logged_in().await);
        parlor.get("/healthz").await.expect(200);
    }
    let answered = parlor.metric("parlor_password_checks_total").await;
    assert!(answered < FLOOD as f64, "the flood was over before the others had their turn");
    while let Some(answer) = flood.join_next().await {
        answer.unwrap().refuses(401, "invalid_credentials");
    }
    parlor.log_in("john").await;
}
