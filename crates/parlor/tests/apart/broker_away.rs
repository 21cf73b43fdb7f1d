//! S15: the broker is absent at the start, or lost later. It is said, tried again, and messages go on.

use std::time::{Duration, Instant};

use parlor_protocol::error::ErrorCode;
use parlor_testing::{Cluster, Parlor, Quotes, Rabbit, Setup, eventually};

async fn readiness_tells(service: &Parlor, missed: bool) {
    eventually("the change in /readyz", async || {
        let now = service.readiness().await;
        (now.ready && now.degraded.iter().any(|part| part == "broker") == missed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn absent_at_the_start_it_is_found_when_it_comes() {
    let cluster = Cluster::starts_without_broker().await;
    for service in [&cluster.auth, &cluster.chat, &cluster.stock] {
        readiness_tells(service, true).await;
        let log = service.log();
        assert!(log.contains("RabbitMQ is out of reach; it is tried until it is there"), "{log}");
        assert!(!log.contains("guest"), "{log}");
    }
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.says("no broker, no matter").in_room(&general).await;
    assert_eq!(tab.asks("/stock aapl.us", &general).await.error().0, ErrorCode::UnknownCommand, "nobody announced it");

    cluster.ways.admit();
    carlos.can_use("stock").await;
    assert_eq!(tab.asks("/stock aapl.us", &general).await.message().text, "AAPL.US quote is $175.43 per share");
    for service in [&cluster.auth, &cluster.chat, &cluster.stock] {
        readiness_tells(service, false).await;
    }
    cluster.tidy().await;
}

#[tokio::test]
async fn lost_later_commands_are_refused_at_once_until_it_is_back() {
    let cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    cluster.ways.refuse();
    readiness_tells(&cluster.chat, true).await;
    let (code, _) = tab.asks("/stock aapl.us", &general).await.error();
    assert_eq!(code, ErrorCode::Unavailable);
    tab.says("messages go on").in_room(&general).await;

    cluster.ways.admit();
    readiness_tells(&cluster.chat, false).await;
    carlos.can_use("stock").await;
    // The bot may need another moment until it consumes again; the command waits for it.
    assert_eq!(tab.asks("/stock aapl.us", &general).await.message().text, "AAPL.US quote is $175.43 per share");
    cluster.tidy().await;
}

#[tokio::test]
async fn one_process_lives_without_its_rabbitmq_too() {
    let (rabbit, quotes) = (Rabbit::default(), Quotes::start().await);
    let way = parlor_testing::Proxy::closed().await;
    let parlor = Setup::demo().quotes_from(&quotes).meets_at(&way.url(), &rabbit).starts().await;
    readiness_tells(&parlor, true).await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.says("no broker, no matter").in_room(&general).await;
    way.admit();
    carlos.can_use("stock").await;
    assert_eq!(tab.asks("/stock aapl.us", &general).await.message().text, "AAPL.US quote is $175.43 per share");
    drop(parlor);
    rabbit.tidy(&["stock"]).await;
}

#[tokio::test]
async fn silent_it_holds_up_no_message_and_no_stop() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    // Connections stay open, and nothing passes: nobody knows yet.
    cluster.ways.chat.flows(false);
    let asked = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(asked).await;
    let since = Instant::now();
    tab.says("messages go on").in_room(&general).await;
    assert!(since.elapsed() < Duration::from_secs(1), "the message waited {:?}", since.elapsed());
    let (status, took) = cluster.chat.stops().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(tab.is_closed().await, Some(1001));
    cluster.ways.chat.flows(true);
    cluster.tidy().await;
}
