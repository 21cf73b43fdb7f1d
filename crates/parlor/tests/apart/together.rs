//! S3: three processes are one chat.

use parlor_testing::{Cluster, Setup, eventually};
use reqwest::Method;

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
    let (rabbit, quotes) = (parlor_testing::Rabbit::default(), parlor_testing::Quotes::start().await);
    let setup = Setup::demo().quotes_from(&quotes).meets_at(&parlor_testing::rabbit::url(), &rabbit);
    let mut parlor = setup.starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    assert_eq!(tab.asks("/stock aapl.us", &general).await.message().text, "AAPL.US quote is $175.43 per share");
    assert!(parlor.stops().await.0.success());
    rabbit.tidy(&["stock"]).await;
}
