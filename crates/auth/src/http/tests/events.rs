//! The log of events, as sister services follow it.

use std::time::{Duration, Instant};

use parlor_broker::memory::MemoryBroker;
use parlor_protocol::auth::{AuthChange, AuthEvents};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

async fn events(client: &Client, query: &str) -> AuthEvents {
    let answer = client.gets(&format!("/internal/events{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_value(answer.body).unwrap()
}

#[tokio::test]
async fn the_log_is_for_sister_services_alone() {
    let open = Installation::with_people().await.opens().await;
    open.client().gets("/internal/events?after=0").await.is_refused(404, "not_found");
    open.client().gets("/internal/events?after=-1").await.is_refused(404, "not_found");
    let guess = open.client().carries(parlor_edge::INTERNAL_KEY_HEADER, "guess");
    guess.gets("/internal/events").await.is_refused(404, "not_found");
    open.logged_in("ann").await.gets("/internal/events").await.is_refused(404, "not_found");
    open.sister().gets("/internal/events?after=-1").await.is_refused(422, "invalid_request");

    let page = events(&open.sister(), "?after=1").await;
    assert_eq!((page.last, page.events.len(), page.events[0].n), (2, 1, 2));
    assert!(matches!(&page.events[0].change, AuthChange::PersonAdded { person } if person.username.as_str() == "ann"));
}

#[tokio::test]
async fn a_page_is_bounded_and_what_is_ahead_of_the_log_is_told_so_at_once() {
    let open = Installation::new().demo(Some(1_200)).opens().await;
    let first = events(&open.sister(), "").await;
    assert_eq!((first.events.len(), first.last), (1_000, 1_203));
    let rest = events(&open.sister(), "?after=1000&wait=30000").await;
    assert_eq!((rest.events.len(), rest.events[0].n), (203, 1_001));
    let ahead = timeout(DEADLINE, events(&open.sister(), "?after=5000&wait=30000")).await.unwrap();
    assert_eq!((ahead.events.len(), ahead.last), (0, 1_203));
}

#[tokio::test]
async fn whoever_waits_hears_of_a_logout_at_once_and_so_does_the_broker() {
    let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new());
    let topic = Topology::new("parlor").auth_events();
    let mut hints = broker.listen(&[&topic]).await.unwrap();
    let open = Installation::with_people().await.opens_with(Some(broker)).await;
    let ann = open.logged_in("ann").await;
    let sister = open.sister();
    let waiting = tokio::spawn(async move { events(&sister, "?after=2&wait=30000").await });
    assert_eq!(ann.asks("POST", "/api/auth/logout", None).await.status, 204);
    let page = timeout(DEADLINE, waiting).await.unwrap().unwrap();
    assert!(
        matches!(page.events[..], [ref event] if event.n == 3 && matches!(event.change, AuthChange::SessionRevoked { .. }))
    );
    assert_eq!(timeout(DEADLINE, hints.next()).await.unwrap().unwrap(), "3");
}

#[tokio::test]
async fn what_another_process_adds_is_found_by_looking_and_the_stop_keeps_nobody_waiting() {
    let installation = Installation::with_people().await;
    let open = installation.opens().await;
    let (sister, client) = (open.sister(), open.client());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(open.auth.run(shutdown.clone()));
    let waiting = tokio::spawn({
        let sister = sister.clone();
        async move { events(&sister, "?after=2&wait=30000").await }
    });
    let carol = installation.adds("carol").await;
    let page = timeout(DEADLINE, waiting).await.unwrap().unwrap();
    assert!(matches!(&page.events[..], [event] if event.change == AuthChange::PersonAdded { person: carol.clone() }));
    assert_eq!(client.logs_in("carol", "carol's password").await.status, 200);

    let waiting = tokio::spawn(async move { events(&sister, "?after=3&wait=30000").await });
    shutdown.cancel();
    timeout(DEADLINE, running).await.unwrap().unwrap();
    assert_eq!(timeout(DEADLINE, waiting).await.unwrap().unwrap().events.len(), 0);
}

#[tokio::test]
async fn a_wait_without_news_ends_with_its_time() {
    let open = Installation::with_people().await.opens().await;
    let begun = Instant::now();
    let page = timeout(DEADLINE, events(&open.sister(), "?after=2&wait=40")).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(40));
    assert_eq!((page.events.len(), page.last), (0, 2));
}
