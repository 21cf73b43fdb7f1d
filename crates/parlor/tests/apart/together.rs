//! S3: three processes are one chat.

use parlor_testing::{Answer, Cluster, Quotes, Rabbit, Setup, eventually, rabbit};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn people_talk_and_ask_for_quotes() {
    let cluster = Cluster::starts().await;
    let (carlos, john) = (cluster.chat.log_in("carlos").await, cluster.chat.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.says("hi").in_room(&general).await;
    assert_eq!(johns.hears_message("hi").await.author.name, "Carlos");
    let answer = his.asks("/stock=aapl.us", &general).await.message();
    assert_eq!(answer.text, "AAPL.US quote is $175.43 per share");
    assert_eq!(johns.hears_message(&answer.text).await.id, answer.id);
    for service in [&cluster.auth, &cluster.chat, &cluster.stock] {
        assert_eq!(service.readiness().await.degraded, Vec::<String>::new());
        service.get("/metrics").await.expect(200);
    }
    cluster.tidy().await;
}

#[tokio::test]
async fn the_chat_passes_on_what_is_auths_and_nothing_else() {
    let cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    assert!(carlos.is_logged_in().await);
    carlos.gets("/api/users").await.expect(200);
    // What the page is has every other path; the log of auth's events is none of it.
    let inside = carlos.gets("/internal/events?after=0").await;
    assert!(!inside.body.contains("events") && !inside.body.contains("carlos"), "{}", inside.body);
    for path in ["/internal/events?after=0", "/internal/events?after=0&wait=10"] {
        cluster.auth.call(Method::GET, path).await.refuses(404, "not_found");
    }
    cluster.tidy().await;
}

#[tokio::test]
async fn an_account_made_by_command_is_a_member_of_general() {
    let cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let general = carlos.room("general").await;
    let (status, said) = cluster.auth.runs(&["user", "add", "ann", "--password-stdin"], "correct horse\n").await;
    assert!(status.success(), "{said}");
    eventually("the new member", async || {
        carlos.members_of(&general).await.iter().any(|member| member.user.username.as_str() == "ann").then_some(())
    })
    .await;
    assert!(cluster.chat.log_in_with("ann", "correct horse").await.room("general").await.member);
    cluster.tidy().await;
}

#[tokio::test]
async fn one_process_meets_others_at_the_same_broker() {
    let (rabbit, quotes) = (Rabbit::default(), Quotes::start().await);
    let setup = Setup::demo().quotes_from(&quotes).meets_at(&rabbit::url(), &rabbit);
    let mut parlor = setup.starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    assert_eq!(tab.asks("/stock aapl.us", &general).await.message().text, "AAPL.US quote is $175.43 per share");
    assert!(parlor.stops().await.0.success());
    rabbit.tidy(&["stock"]).await;
}

#[tokio::test]
async fn a_login_behind_tls_is_one_for_the_chat_and_for_auth() {
    const SITE: &str = "https://chat.example.org";
    let rabbit = Rabbit::default();
    let alone = |service: &'static [&'static str]| {
        let setup =
            Setup::service(service).argument("--demo").set("PARLOR_SECRET", "one secret for all of the services");
        setup.set("PARLOR_PUBLIC_URL", SITE).meets_at(&rabbit::url(), &rabbit)
    };
    let auth = alone(&["auth"]).starts().await;
    let chat = alone(&["chat"]).set("PARLOR_AUTH_URL", &auth.url("/")).starts().await;
    let login = json!({"username": "carlos", "password": "1234"});
    let login = chat.request(Method::POST, "/api/auth/login").header("origin", SITE).json(&login);
    let answer = Answer::of(login).await.expect(200);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-parlor_session=") && cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for path in ["/api/auth/me", "/api/rooms", "/api/users"] {
        Answer::of(chat.request(Method::GET, path).header("cookie", cookie)).await.expect(200);
    }
    chat.opens_socket(&[("cookie", cookie), ("origin", SITE)]).await.expect("a socket").leaves().await;
    drop((auth, chat));
    rabbit.tidy(&[]).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_for_auth_is_refused_as_any_other() {
    let cluster = Cluster::starts().await;
    let request = cluster.chat.request(Method::POST, "/api/auth/login").header("content-type", "application/json");
    Answer::of(request.body(vec![b' '; 2_000_000])).await.refuses(413, "too_large");
    cluster.tidy().await;
}
