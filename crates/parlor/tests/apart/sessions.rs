//! A session that ends in auth ends in the chat within a second: with the broker, and by auth's log alone.

use std::time::{Duration, Instant};

use parlor_testing::{Answer, Cluster, Person, Tab, eventually};
use reqwest::Method;
use serde_json::json;

/// From auth's answer to the close of the session's last socket.
const WITHIN: Duration = Duration::from_secs(1);

async fn is_out(tab: &mut Tab, since: Instant) {
    assert_eq!(tab.is_closed().await, Some(4401));
    assert!(since.elapsed() < WITHIN, "it took {:?}", since.elapsed());
}

async fn a_logout_closes_one_session(cluster: &Cluster) {
    let (carlos, elsewhere) = (cluster.chat.log_in("carlos").await, cluster.chat.log_in("carlos").await);
    let (mut one, mut two, mut other) = (carlos.connects().await, carlos.connects().await, elsewhere.connects().await);
    carlos.logs_out().await;
    let since = Instant::now();
    is_out(&mut one, since).await;
    is_out(&mut two, since).await;
    assert_eq!(Tab::tries(carlos.upgrade()).await.err(), Some(401));
    let general = other.room("general").clone();
    other.says("another session goes on").in_room(&general).await;
}

/// Asks auth itself, as another node's front would.
async fn logs_out_elsewhere(cluster: &Cluster, person: &Person) {
    let logout = cluster.auth.request(Method::POST, "/api/auth/logout");
    let bearer = person.upgrade().headers()["authorization"].clone();
    Answer::of(logout.header("authorization", bearer)).await.expect(204);
}

async fn a_logout_elsewhere_closes_its_socket(cluster: &Cluster) {
    let john = cluster.chat.log_in("john").await;
    let mut tab = john.connects().await;
    logs_out_elsewhere(cluster, &john).await;
    is_out(&mut tab, Instant::now()).await;
}

async fn changes_password(person: &Person, old: &str, new: &str) {
    person.posts("/api/auth/password", json!({"old": old, "new": new})).await.expect(204);
}

#[tokio::test]
async fn a_logout_and_a_new_password_with_the_broker() {
    let cluster = Cluster::starts().await;
    a_logout_closes_one_session(&cluster).await;
    a_logout_elsewhere_closes_its_socket(&cluster).await;
    let (john, elsewhere) = (cluster.chat.log_in("john").await, cluster.chat.log_in("john").await);
    let (mut kept, mut closed) = (john.connects().await, elsewhere.connects().await);
    changes_password(&john, "1234", "a new password").await;
    is_out(&mut closed, Instant::now()).await;
    let general = kept.room("general").clone();
    kept.says("who changed it stays").in_room(&general).await;
    cluster.tidy().await;
}

#[tokio::test]
async fn a_logout_without_the_broker() {
    let cluster = Cluster::starts().await;
    cluster.ways.refuse();
    eventually("broker missed in /readyz", async || {
        cluster.auth.readiness().await.degraded.iter().any(|part| part == "broker").then_some(())
    })
    .await;
    a_logout_closes_one_session(&cluster).await;
    a_logout_elsewhere_closes_its_socket(&cluster).await;
    cluster.ways.admit();
    cluster.tidy().await;
}

#[tokio::test]
async fn a_session_that_ended_while_the_chat_was_away_is_over() {
    let mut cluster = Cluster::starts().await;
    let carlos = cluster.chat.log_in("carlos").await;
    cluster.chat.is_killed().await;
    logs_out_elsewhere(&cluster, &carlos).await;
    cluster.chat.starts_again().await;
    assert_eq!(Tab::tries(carlos.upgrade()).await.err(), Some(401));
    cluster.tidy().await;
}
