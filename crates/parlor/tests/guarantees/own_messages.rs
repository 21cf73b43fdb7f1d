//! P5: one's own message can be edited and deleted; everyone sees it, and everyone who was away.

use parlor_protocol::{http::Room, socket::ServerFrame};
use parlor_testing::{Parlor, Tab, tab::entry};
use reqwest::Method;
use serde_json::json;

/// The room's entries that wait, as JSON, up to this one's answer.
async fn entries(tab: &mut Tab, room: &Room) -> Vec<serde_json::Value> {
    let frames = tab.all_so_far().await;
    frames
        .iter()
        .filter(|frame| entry(frame, room).is_some())
        .map(|frame| serde_json::to_value(frame).unwrap())
        .collect()
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_entries_that_every_member_hears() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.says("helo").in_room(&general).await;
    let message = johns.hears_message("helo").await;
    carlos.edits(&message, "hello").await.expect(204);
    carlos.deletes(&message).await.expect(204);
    his.says("done").in_room(&general).await;
    johns.hears_message("done").await;
    let heard = entries(&mut johns, &general).await;
    let kinds: Vec<_> = heard.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message_edited", "message_deleted"]);
    assert_eq!(heard[0]["message"], message.id.to_string());
    assert_eq!(heard[0]["text"], "hello");
    assert_eq!(heard[0]["seq"], message.seq.0 + 1);
    assert_eq!(heard[1]["seq"], message.seq.0 + 2);
}

#[tokio::test]
async fn history_shows_the_present_state() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    his.says("first").in_room(&general).await;
    let first = his.hears_message("first").await;
    his.says("second").in_room(&general).await;
    let second = his.hears_message("second").await;
    carlos.edits(&first, "first, better").await.expect(204);
    carlos.deletes(&second).await.expect(204);
    let page = john.history(&general, "").await;
    let (one, two) = (&page.messages[0], &page.messages[1]);
    assert_eq!(
        (one.text.as_str(), one.seq, one.created, one.deleted),
        ("first, better", first.seq, first.created, false)
    );
    assert!(one.edited.is_some());
    assert_eq!((two.text.as_str(), two.seq, two.deleted), ("", second.seq, true));
    assert_eq!(page.last_seq.0, second.seq.0 + 2);
}

#[tokio::test]
async fn one_who_was_away_gets_edits_and_deletions_on_resume() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    his.says("helo").in_room(&general).await;
    let message = his.hears_message("helo").await;
    his.says("goodbye").in_room(&general).await;
    let goodbye = his.hears_message("goodbye").await;
    carlos.edits(&message, "hello").await.expect(204);
    carlos.edits(&goodbye, "good bye").await.expect(204);
    carlos.deletes(&goodbye).await.expect(204);
    let mut johns = john.connects().await;
    johns.resumes(&[(&general, goodbye.seq.0)]).await;
    let replayed = entries(&mut johns, &general).await;
    let kinds: Vec<_> = replayed.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message_edited", "message_edited", "message_deleted"]);
    assert_eq!(replayed[0]["text"], "hello");
    assert_eq!(replayed[1]["text"], "", "a deleted message's text is nowhere");
}

#[tokio::test]
async fn somebody_elses_message_is_out_of_reach_for_the_owner_too() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Ours", "public").await;
    john.joins(&room).await;
    let mut johns = john.connects().await;
    johns.says("mine").in_room(&room).await;
    let message = johns.hears_message("mine").await;
    carlos.edits(&message, "not yours").await.refuses(403, "forbidden");
    carlos.deletes(&message).await.refuses(403, "forbidden");
    assert_eq!(carlos.reads(&room).await, ["mine"]);
}

#[tokio::test]
async fn what_is_deleted_or_was_never_there_can_be_changed_no_more() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    let said = his.says("gone soon").in_room(&general).await;
    let message = his.hears_message("gone soon").await;
    carlos.deletes(&message).await.expect(204);
    carlos.deletes(&message).await.refuses(404, "unknown_message");
    carlos.edits(&message, "back").await.refuses(409, "message_deleted");
    // Its id stays its own.
    assert_eq!(his.says_as(said.id, "again").in_room(&general).await, said);
    let other = carlos.creates_room("Other", "public").await;
    for path in [
        format!("/api/rooms/{}/messages/0190f3c2-7a5e-7d1c-9b1a-0123456789ab", general.id),
        format!("/api/rooms/{}/messages/1", general.id),
        format!("/api/rooms/{}/messages/{}", other.id, said.id),
    ] {
        carlos.calls(Method::DELETE, &path, None).await.refuses(404, "unknown_message");
        carlos.calls(Method::PATCH, &path, Some(json!({"text": "x"}))).await.refuses(404, "unknown_message");
    }
}

#[tokio::test]
async fn an_edited_text_has_the_limits_of_a_new_one() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    his.says("fine").in_room(&general).await;
    let message = his.hears_message("fine").await;
    carlos.edits(&message, "").await.refuses(422, "invalid_request");
    carlos.edits(&message, " \n").await.refuses(422, "invalid_request");
    carlos.edits(&message, "a\u{7}b").await.refuses(422, "invalid_request");
    carlos.edits(&message, &"x".repeat(8_001)).await.refuses(413, "too_large");
    assert_eq!(carlos.reads(&general).await, ["fine"]);
    let frames = his.all_so_far().await;
    assert!(!frames.iter().any(|frame| matches!(frame, ServerFrame::MessageEdited { .. })));
}
