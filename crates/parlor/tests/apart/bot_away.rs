//! The bot stops, is killed, comes back: a command that was accepted has one outcome, whatever becomes of its replica.

use std::time::Duration;

use parlor_testing::{Cluster, Mood};

#[tokio::test]
async fn a_stop_finishes_what_is_in_hand() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    cluster.quotes.feels(Mood::Silent).await;
    let asked = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(asked).await;
    cluster.quotes.is_asked(1).await;
    cluster.stock.is_told_to_stop();
    cluster.quotes.feels(Mood::Well).await;
    assert_eq!(tab.hears_outcome(asked).await.message().text, "AAPL.US quote is $175.43 per share");
    let (status, took) = cluster.stock.ends().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    cluster.tidy().await;
}

#[tokio::test]
async fn a_command_waits_for_a_replica_that_comes_back() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    cluster.stock.is_killed().await;
    let asked = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(asked).await;
    cluster.stock.starts_again().await;
    let answer = tab.hears_outcome(asked).await.message();
    assert_eq!(answer.text, "AAPL.US quote is $175.43 per share");
    tab.says("and no more than that").in_room(&general).await;
    assert_eq!(carlos.reads(&general).await, [answer.text.as_str(), "and no more than that"]);
    cluster.tidy().await;
}
