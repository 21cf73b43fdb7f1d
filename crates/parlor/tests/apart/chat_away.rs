//! The chat stops, is killed, comes back: what it acknowledged and accepted is as it was.

use std::time::Duration;

use parlor_testing::{Cluster, Mood};

#[tokio::test]
async fn a_stop_says_goodbye_and_sessions_outlive_it() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.says("before").in_room(&general).await;
    let (status, took) = cluster.chat.stops().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(tab.is_closed().await, Some(1001));
    cluster.chat.starts_again().await;
    let mut tab = carlos.connects().await;
    tab.says("after").in_room(&general).await;
    assert_eq!(carlos.reads(&general).await, ["before", "after"]);
    cluster.tidy().await;
}

#[tokio::test]
async fn an_answer_that_comes_while_it_is_away_is_taken_once() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    cluster.quotes.feels(Mood::Silent).await;
    let asked = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(asked).await;
    cluster.quotes.is_asked(1).await;
    cluster.chat.is_killed().await;
    cluster.quotes.feels(Mood::Well).await;
    // The bot answers and stops; its answer waits for the chat.
    assert!(cluster.stock.stops().await.0.success());
    cluster.chat.starts_again().await;
    let mut tab = carlos.connects().await;
    tab.commands_as(asked, "/stock aapl.us", &general).await;
    let outcome = tab.hears_outcome(asked).await;
    tab.commands_as(asked, "/stock aapl.us", &general).await;
    assert_eq!(tab.hears_outcome(asked).await, outcome);
    assert_eq!(carlos.reads(&general).await, [outcome.message().text], "it stands once");
    cluster.tidy().await;
}
