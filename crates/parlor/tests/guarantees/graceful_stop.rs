//! S24: SIGTERM ends it cleanly: sockets hear of it, what is in flight is finished and acknowledged, exit 0 in time.

use std::{collections::BTreeSet, time::Duration};

use parlor_protocol::socket::ServerFrame;
use parlor_testing::{Mood, Parlor, Quotes, Setup, raw::Raw};

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn sockets_are_closed_with_1001_and_the_exit_is_0() {
    let mut parlor = Parlor::starts().await;
    let mut tabs = Vec::new();
    for name in ["carlos", "carlos", "john"] {
        tabs.push(parlor.log_in(name).await.connects().await);
    }
    let (status, took) = parlor.stops().await;
    assert!(status.success(), "{status}");
    assert!(took < LIMIT, "{took:?}");
    for tab in &mut tabs {
        assert_eq!(tab.is_closed().await, Some(1001));
    }
}

#[tokio::test]
async fn everything_stored_has_been_acknowledged_and_the_other_way_round() {
    let mut parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    for n in 0..150 {
        tab.says(format!("message {n}")).without_waiting_in(&general).await;
        if n == 50 {
            parlor.is_told_to_stop();
        }
    }
    assert_eq!(tab.is_closed().await, Some(1001));
    let acked: BTreeSet<String> = tab
        .waiting()
        .iter()
        .filter_map(|frame| if let ServerFrame::Ack { id, .. } = frame { Some(id.to_string()) } else { None })
        .collect();
    assert!(parlor.ends().await.0.success());
    parlor.starts_again().await;
    let stored = carlos.history(&general, "limit=200").await.messages;
    let stored: BTreeSet<String> = stored.iter().map(|message| message.id.to_string()).collect();
    assert_eq!(stored, acked);
}

#[tokio::test]
async fn nothing_idle_or_silent_holds_it_up() {
    let quotes = Quotes::start().await;
    let mut parlor = Setup::demo().quotes_from(&quotes).starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    // A kept connection, half a request, a socket that never reads, and a command nobody answers.
    let mut idle = Raw::connects(parlor.port()).await;
    idle.sends("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    idle.reads_head().await;
    let mut half = Raw::connects(parlor.port()).await;
    half.sends("GET /healthz HTTP/1.1\r\nHost: ").await;
    let _never_reads = Raw::upgrades(parlor.port(), &carlos).await;
    quotes.feels(Mood::Silent).await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let id = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(id).await;
    quotes.is_asked(1).await;
    let (status, took) = parlor.stops().await;
    assert!(status.success(), "{status}");
    assert!(took < LIMIT + Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn after_the_end_nobody_listens_and_a_new_start_is_ready_at_once() {
    let mut parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    parlor.stops().await;
    let refused = tokio::net::TcpStream::connect(("127.0.0.1", parlor.port())).await;
    assert!(refused.is_err());
    parlor.starts_again().await;
    assert!(carlos.is_logged_in().await);
}

#[tokio::test]
async fn one_panic_or_error_is_not_in_the_log_of_a_quiet_life() {
    let mut parlor = Parlor::starts().await;
    let mut tab = parlor.log_in("carlos").await.connects().await;
    let general = tab.room("general").clone();
    tab.says("hi").in_room(&general).await;
    parlor.stops().await;
    let log = parlor.log();
    for word in ["panicked", "ERROR", "WARN"] {
        assert!(!log.contains(word), "{log}");
    }
}
