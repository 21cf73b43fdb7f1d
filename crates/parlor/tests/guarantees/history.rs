//! S22: the latest 50 in order, older ones page by page, each page one snapshot.

use parlor_protocol::http::{History, Room};
use parlor_testing::{Parlor, Person};

/// `general` with so many messages, named by their order.
async fn general_with(parlor: &Parlor, messages: u32) -> (Person, Room) {
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    for n in 1..=messages {
        tab.says(format!("message {n}")).in_room(&general).await;
    }
    (carlos, general)
}

fn numbers(page: &History) -> Vec<u32> {
    page.messages.iter().map(|message| message.text.rsplit(' ').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_page_is_the_latest_50_in_ascending_order() {
    let parlor = Parlor::starts().await;
    let (carlos, general) = general_with(&parlor, 60).await;
    let page = carlos.history(&general, "").await;
    assert_eq!(numbers(&page), (11..=60).collect::<Vec<_>>());
    assert!(page.has_more);
    assert!(page.messages.is_sorted_by_key(|message| message.seq));
    assert_eq!(page.last_seq, page.messages.last().unwrap().seq);
    assert_eq!(carlos.room("general").await.last_seq, Some(page.last_seq));
}

#[tokio::test]
async fn older_pages_follow_without_gap_or_repeat_up_to_the_first() {
    let parlor = Parlor::starts().await;
    let (carlos, general) = general_with(&parlor, 60).await;
    let mut page = carlos.history(&general, "limit=7").await;
    let mut seen = numbers(&page);
    while page.has_more {
        let before = page.messages[0].seq;
        page = carlos.history(&general, &format!("limit=7&before={before}")).await;
        seen.splice(0..0, numbers(&page));
    }
    assert_eq!(seen, (1..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn newer_pages_follow_up_to_the_last() {
    let parlor = Parlor::starts().await;
    let (carlos, general) = general_with(&parlor, 30).await;
    let mut page = carlos.history(&general, "after=0&limit=11").await;
    let mut seen = numbers(&page);
    while page.has_more {
        let after = page.messages.last().unwrap().seq;
        page = carlos.history(&general, &format!("limit=11&after={after}")).await;
        seen.extend(numbers(&page));
    }
    assert_eq!(seen, (1..=30).collect::<Vec<_>>());
    let nothing = carlos.history(&general, &format!("after={}", page.last_seq)).await;
    assert!(nothing.messages.is_empty() && !nothing.has_more && nothing.last_seq == page.last_seq);
}

#[tokio::test]
async fn both_bounds_are_exclusive() {
    let parlor = Parlor::starts().await;
    let (carlos, general) = general_with(&parlor, 10).await;
    let all = carlos.history(&general, "").await.messages;
    let before = carlos.history(&general, &format!("before={}", all[4].seq)).await;
    assert_eq!(numbers(&before), [1, 2, 3, 4]);
    let after = carlos.history(&general, &format!("after={}", all[4].seq)).await;
    assert_eq!(numbers(&after), [6, 7, 8, 9, 10]);
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let parlor = Parlor::starts().await;
    let (carlos, general) = general_with(&parlor, 1).await;
    carlos.asks_history(&general, "before=2&after=1").await.refuses(422, "invalid_request");
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=",
        "before=-1",
        "before=x",
        "after=9007199254740992",
        "page=2",
    ] {
        let answer = carlos.asks_history(&general, query).await;
        assert!(matches!(answer.status, 400 | 422), "{query}: {}", answer.status);
        assert_eq!(answer.problem().code.as_str(), "invalid_request", "{query}");
    }
    assert_eq!(carlos.history(&general, "limit=200").await.messages.len(), 1);
}

#[tokio::test]
async fn an_empty_room_has_an_empty_page() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let room = carlos.creates_room("Quiet", "public").await;
    let page = carlos.history(&room, "").await;
    assert!(page.messages.is_empty() && !page.has_more);
    assert_eq!(Some(page.last_seq), room.last_seq);
}
