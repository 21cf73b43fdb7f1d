//! Faults that an older chat of this kind had. Each must never come back.

use parlor_protocol::{error::ErrorCode, ids::MessageId, socket::ServerFrame};
use parlor_testing::{Mood, Parlor, Quotes, Setup, tab::Outcome};
use serde_json::json;

#[tokio::test]
async fn the_senders_id_is_not_taken_from_the_frame() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let forged = json!({
        "type": "message", "id": MessageId::new(), "room": general.id, "text": "by John?", "user_id": john.id(),
    });
    tab.sends_json(forged).await;
    assert_eq!(tab.hears_error().await.1, ErrorCode::InvalidRequest);
    tab.says("by Carlos").in_room(&general).await;
    let messages = john.history(&general, "").await.messages;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].author.id.to_string(), carlos.id());
}

#[tokio::test]
async fn there_is_no_socket_without_a_login() {
    let parlor = Parlor::starts().await;
    assert_eq!(parlor.opens_socket(&[]).await.unwrap_err(), 401);
}

#[tokio::test]
async fn an_error_is_not_broadcast_to_everyone() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut his_other, mut johns) = (carlos.connects().await, carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.sends("nonsense").await;
    his.hears_error().await;
    let id = his.commands("/nosuch", &general).await;
    his.hears_outcome(id).await.error();
    his.says("end").in_room(&general).await;
    for tab in [&mut his_other, &mut johns] {
        tab.hears_message("end").await;
        assert!(tab.all_so_far().await.is_empty());
    }
}

#[tokio::test]
async fn the_newest_50_are_shown_and_not_the_oldest() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    for n in 1..=55 {
        tab.says(format!("{n}")).in_room(&general).await;
    }
    let texts: Vec<String> =
        carlos.history(&general, "").await.messages.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, (6..=55).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn several_events_are_never_glued_into_one_frame() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    for n in 0..100 {
        his.says(format!("burst {n}")).without_waiting_in(&general).await;
    }
    // Each frame that a tab reads must be one JSON object; reading fails otherwise.
    johns.hears_message("burst 99").await;
    let messages = johns.all_so_far().await;
    assert_eq!(messages.iter().filter(|frame| matches!(frame, ServerFrame::Message(_))).count(), 99);
}

#[tokio::test]
async fn a_command_is_not_lost_for_ever_when_its_bot_is_gone() {
    let quotes = Quotes::start().await;
    let mut parlor = Setup::demo().quotes_from(&quotes).set("PARLOR_COMMAND_TIMEOUT", "2s").starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    quotes.feels(Mood::Silent).await;
    let id = tab.commands("/stock aapl.us", &general).await;
    tab.hears_accepted(id).await;
    parlor.is_killed().await;
    parlor.starts_again().await;
    let mut tab = carlos.connects().await;
    tab.commands_as(id, "/stock aapl.us", &general).await;
    tab.hears_accepted(id).await;
    tab.hears_outcome(id).await;
}

#[tokio::test]
async fn not_every_replica_answers_but_one_answer_is_stored() {
    let quotes = Quotes::start().await;
    let parlor = Setup::demo().quotes_from(&quotes).starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let (mut one, mut two) = (carlos.connects().await, carlos.connects().await);
    let general = one.room("general").clone();
    let id = MessageId::new();
    tokio::join!(one.commands_as(id, "/stock aapl.us", &general), two.commands_as(id, "/stock aapl.us", &general));
    let (by_one, by_two) = (one.hears_outcome(id).await.message(), two.hears_outcome(id).await.message());
    assert_eq!(by_one, by_two);
    assert_eq!(carlos.reads(&general).await.len(), 1);
}

#[tokio::test]
async fn a_bad_command_leaves_no_empty_message_of_a_bot() {
    let quotes = Quotes::start().await;
    let parlor = Setup::demo().quotes_from(&quotes).starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    for line in ["/stock", "/stock nosuch.us", "/stock a b c", "/nosuch", "/"] {
        let outcome = tab.asks(line, &general).await;
        assert!(matches!(outcome, Outcome::Error { .. }), "{line}: {outcome:?}");
    }
    assert!(carlos.reads(&general).await.is_empty());
}

#[tokio::test]
async fn nothing_is_broadcast_before_it_is_stored() {
    let mut parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    for round in 0..4 {
        let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
        let general = his.room("general").clone();
        let text = format!("round {round}");
        his.says(&text).without_waiting_in(&general).await;
        let heard = johns.hears_message(&text).await;
        parlor.is_killed().await;
        parlor.starts_again().await;
        assert_eq!(john.history(&general, "limit=1").await.messages, [heard]);
    }
}
