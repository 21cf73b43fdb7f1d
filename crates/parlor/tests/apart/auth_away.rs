//! Auth stops, is killed, comes back: who is logged in goes on meanwhile.

use std::time::Duration;

use parlor_testing::{Cluster, eventually};

async fn is_missed(cluster: &Cluster, part: &str, missed: bool) {
    eventually("the change in /readyz", async || {
        let now = cluster.chat.readiness().await;
        (now.ready && now.degraded.iter().any(|one| one == part) == missed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_is_logged_in_goes_on_and_logs_in_again_when_it_is_back() {
    let mut cluster = Cluster::starts().await;
    let (carlos, john) = (cluster.chat.log_in("carlos").await, cluster.chat.log_in("john").await);
    let mut before = carlos.connects().await;
    let general = before.room("general").clone();
    let people = carlos.gets("/api/users").await.expect(200).body;
    let (status, took) = cluster.auth.stops().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");

    is_missed(&cluster, "auth", true).await;
    before.says("still here").in_room(&general).await;
    let mut after = john.connects().await;
    after.says("connected since").in_room(&general).await;
    before.hears_message("connected since").await;
    assert_eq!(before.asks("/stock aapl.us", &general).await.message().author.id.to_string(), "bot:stock");
    // As a page that is loaded anew asks.
    assert!(carlos.is_logged_in().await);
    assert_eq!(carlos.gets("/api/users").await.expect(200).body, people);
    cluster.chat.get("/api/auth/me").await.refuses(401, "not_logged_in");
    cluster.chat.tries_to_log_in("gerard", "1234").await.refuses(503, "unavailable");

    cluster.auth.starts_again().await;
    is_missed(&cluster, "auth", false).await;
    let gerard = cluster.chat.log_in("gerard").await;
    gerard.connects().await.says("and me").in_room(&general).await;
    before.hears_message("and me").await;
    assert!(carlos.is_logged_in().await, "sessions outlive a restart of auth");
    cluster.tidy().await;
}

#[tokio::test]
async fn a_chat_that_starts_without_auth_serves_whom_it_knows() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    cluster.auth.is_killed().await;
    assert!(cluster.chat.stops().await.0.success());
    cluster.chat.starts_again().await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    tab.says("nobody checks me but the chat").in_room(&general).await;
    is_missed(&cluster, "auth", true).await;
    cluster.auth.starts_again().await;
    is_missed(&cluster, "auth", false).await;
    cluster.tidy().await;
}
