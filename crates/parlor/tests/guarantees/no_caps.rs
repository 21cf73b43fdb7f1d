//! P8: no limit on people, rooms or history.

use parlor_testing::{Parlor, Setup, raw::Raw};

#[tokio::test]
async fn a_thousand_people_are_in_one_room() {
    let parlor = Setup::demo().argument("--demo-people").argument("1200").starts().await;
    let last = parlor.log_in("demo1200").await;
    let general = last.room("general").await;
    assert_eq!(last.members_of(&general).await.len(), 1_203);
    let mut first = parlor.log_in("demo0001").await.connects().await;
    let mut tab = last.connects().await;
    tab.says("hello, all of you").in_room(&general).await;
    first.hears_message("hello, all of you").await;
}

#[tokio::test]
async fn one_person_has_hundreds_of_rooms_and_all_are_live() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for n in 0..300 {
        carlos.creates_room(&format!("Room {n}"), if n % 2 == 0 { "public" } else { "private" }).await;
    }
    let mut tab = carlos.connects().await;
    assert_eq!(tab.hello.len(), 301);
    for name in ["Room 0", "Room 299"] {
        let room = tab.room(name).clone();
        tab.says(format!("in {name}")).in_room(&room).await;
        tab.hears_message(&format!("in {name}")).await;
    }
}

#[tokio::test]
async fn the_first_of_thousands_of_messages_can_still_be_read() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    for n in 0..3_000 {
        tab.says(format!("message {n}")).without_waiting_in(&general).await;
    }
    tab.hears_message("message 2999").await;
    let mut page = carlos.history(&general, "limit=200").await;
    let mut read = page.messages.len();
    while page.has_more {
        page = carlos.history(&general, &format!("limit=200&before={}", page.messages[0].seq)).await;
        read += page.messages.len();
    }
    assert_eq!((read, page.messages[0].text.as_str()), (3_000, "message 0"));
}

#[tokio::test]
async fn the_open_files_that_a_system_gives_unasked_are_no_limit() {
    const GIVEN: u32 = 128;
    let parlor = Setup::demo().set("PARLOR_SOCKETS_PER_PERSON", "0").is_given_open_files(GIVEN).starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut all = Vec::new();
    for _ in 0..GIVEN * 2 {
        let mut raw = Raw::upgrades(parlor.port(), &carlos).await;
        raw.hears_type("hello").await;
        all.push(raw);
    }
    carlos.connects().await;
}
