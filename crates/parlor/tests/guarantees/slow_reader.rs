//! Clients that stop reading in a busy room cost a bounded amount of memory and their own connection, and nobody else
//! a message, its order, or time.

use parlor_protocol::http::Room;
use parlor_testing::{Parlor, Setup, Tab, footprint::memory, raw::Raw, tab::entry};

const MIB: u64 = 1024 * 1024;
const STUCK: usize = 40;
const MESSAGES: u64 = 2_000;

#[tokio::test]
async fn forty_that_do_not_read_are_closed_and_the_others_hear_everything_in_order() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let mut stuck = Vec::new();
    for _ in 0..STUCK {
        stuck.push(Raw::upgrades(parlor.port(), &gerard).await);
    }
    let (mut speaks, hears) = (carlos.connects().await, john.connects().await);
    let (general, before) = (speaks.room("general").clone(), memory(parlor.pid()));
    let first = hears.room("general").last_seq.unwrap().0 + 1;

    let listening = tokio::spawn(hears_all(hears, general.clone(), first));
    let text = "x".repeat(3_000);
    let mut most = before;
    for n in 0..MESSAGES {
        // One in fifty is waited for: so the speaker stays in step, and is not slowed by whoever is stuck.
        if n % 50 == 49 {
            speaks.says(&text).in_room(&general).await;
            most = most.max(memory(parlor.pid()));
        } else {
            speaks.says(&text).without_waiting_in(&general).await;
        }
    }
    assert_eq!(listening.await.unwrap(), MESSAGES);
    let grown = (most - before) / MIB;
    assert!(grown < 96, "{grown} MiB more for {STUCK} sockets");

    assert!((parlor.metric("parlor_sockets_too_slow_total").await - STUCK as f64).abs() < 0.5);
    for raw in &mut stuck {
        assert_eq!(raw.is_closed().await, Some(4408));
    }
    let mut again = gerard.connects().await;
    again.says("back again").in_room(&general).await;
}

/// How many entries a tab hears, each with the number behind the last.
async fn hears_all(mut tab: Tab, general: Room, first: u64) -> u64 {
    for expected in first..first + MESSAGES {
        let seq = tab.hears("entry", |frame| entry(frame, &general)).await;
        assert_eq!(seq.0, expected);
    }
    let behind = tab.all_so_far().await;
    assert!(!behind.iter().any(|frame| entry(frame, &general).is_some()), "{behind:?}");
    MESSAGES
}

#[tokio::test]
async fn an_answer_that_nobody_reads_holds_up_nobody() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let general = carlos.room("general").await;
    let mut tab = carlos.connects().await;
    for _ in 0..40 {
        tab.says("😀".repeat(8_000)).in_room(&general).await;
    }
    let before = memory(parlor.pid());
    let mut unread = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::connects(parlor.port()).await;
        raw.sends(&format!(
            "GET /api/rooms/{}/messages?limit=200 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
            general.id, carlos.token
        ))
        .await;
        assert!(raw.reads_head().await.starts_with("HTTP/1.1 200 "));
        unread.push(raw);
    }
    tab.says("prompt").in_room(&general).await;
    assert_eq!(carlos.history(&general, "limit=1").await.messages[0].text, "prompt");
    let grown = (memory(parlor.pid()).saturating_sub(before)) / MIB;
    assert!(grown < 96, "{grown} MiB");
}
