//! S21: a room is for its members: nobody else receives a frame of it, reads it, or writes in it.

use parlor_protocol::{error::ErrorCode, http::Room, ids::RoomId, socket::ServerFrame};
use parlor_testing::{Parlor, Person, Tab};
use reqwest::Method;
use serde_json::json;

/// Frames that speak of a room.
fn of_room(frames: &[ServerFrame], room: &Room) -> Vec<String> {
    let texts = frames.iter().map(ServerFrame::to_json);
    texts.filter(|text| text.contains(&room.id.to_string())).collect()
}

/// Every call about a room, by somebody who may not make it.
async fn every_call_is_refused(person: &Person, owner: &Person, room: &Room, status: u16, code: &str) {
    let at = |rest: &str| format!("/api/rooms/{}{rest}", room.id);
    let message = "/messages/0190f3c2-7a5e-7d1c-9b1a-0123456789ab";
    for (method, path, body) in [
        (Method::GET, at("/messages"), None),
        (Method::GET, at("/messages?after=0"), None),
        (Method::GET, at("/members"), None),
        (Method::POST, at("/members"), Some(json!({"user_id": person.id()}))),
        (Method::DELETE, at(&format!("/members/{}", owner.id())), None),
        (Method::PUT, at("/read"), Some(json!({"seq": 1}))),
        (Method::PATCH, at(message), Some(json!({"text": "mine"}))),
        (Method::DELETE, at(message), None),
    ] {
        let answer = person.calls(method, &path, body).await;
        answer.refuses(status, code);
    }
}

async fn is_kept_out(tab: &mut Tab, room: &Room, code: ErrorCode) {
    assert_eq!(tab.says("let me in").is_refused_in(&room.id.to_string()).await, code);
    let command = tab.commands("/help", room).await;
    assert_eq!(tab.hears_outcome(command).await.error().0, code);
    tab.resumes(&[(room, 0)]).await;
    let gone = room.id.to_string();
    tab.hears("room_gone", |frame| matches!(frame, ServerFrame::RoomGone { room } if *room == gone).then_some(()))
        .await;
}

#[tokio::test]
async fn a_public_room_shows_its_name_and_topic_before_one_joins_and_no_more() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let room = carlos.creates_room("Gardening", "public").await;
    his.says("members only").in_room(&room).await;
    let seen = john.room("Gardening").await;
    assert_eq!((seen.member, seen.last_seq, seen.read_seq, seen.unread), (false, None, None, None));
    every_call_is_refused(&john, &carlos, &room, 403, "forbidden").await;
    is_kept_out(&mut johns, &room, ErrorCode::Forbidden).await;
    assert_eq!(carlos.reads(&room).await, ["members only"]);
}

#[tokio::test]
async fn a_private_room_does_not_exist_for_others() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let room = carlos.creates_room("Surprise", "private").await;
    his.says("for John's birthday").in_room(&room).await;
    assert!(john.rooms().await.iter().all(|seen| seen.id != room.id));
    every_call_is_refused(&john, &carlos, &room, 404, "unknown_room").await;
    for action in ["join", "leave"] {
        john.calls(Method::POST, &format!("/api/rooms/{}/{action}", room.id), None).await.refuses(404, "unknown_room");
    }
    is_kept_out(&mut johns, &room, ErrorCode::UnknownRoom).await;
    // Just as one that is none at all.
    let none = Room { id: RoomId::new(), ..room.clone() };
    every_call_is_refused(&john, &carlos, &none, 404, "unknown_room").await;
    is_kept_out(&mut johns, &none, ErrorCode::UnknownRoom).await;
    assert_eq!(johns.says("hi").is_refused_in("general").await, ErrorCode::UnknownRoom);
    john.gets("/api/rooms/general/messages").await.refuses(404, "unknown_room");
}

#[tokio::test]
async fn nobody_else_receives_a_frame_of_a_room() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let room = carlos.creates_room("Two of us", "private").await;
    let public = carlos.creates_room("Open", "public").await;
    carlos.invites(&john, &room).await;
    let (mut his, mut johns, mut gerards) = (carlos.connects().await, john.connects().await, gerard.connects().await);
    let general = his.room("general").clone();
    let said = his.says("secret").in_room(&room).await;
    let secret = johns.hears_message("secret").await;
    assert_eq!(secret.id, said.id);
    carlos.edits(&secret, "still secret").await.expect(204);
    carlos.deletes(&secret).await.expect(204);
    his.says("not yet yours").in_room(&public).await;
    his.says("for all").in_room(&general).await;
    gerards.hears_message("for all").await;
    let heard = gerards.all_so_far().await;
    assert_eq!(of_room(&heard, &room), Vec::<String>::new());
    assert_eq!(of_room(&heard, &public), Vec::<String>::new());
}

#[tokio::test]
async fn one_who_left_hears_no_more_and_the_last_frame_says_so() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Choir", "public").await;
    john.joins(&room).await;
    let (mut his, mut johns, mut his_other) = (carlos.connects().await, john.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.says("la").in_room(&room).await;
    john.leaves(&room).await;
    his.says("la la").in_room(&room).await;
    his.says("over").in_room(&general).await;
    for tab in [&mut johns, &mut his_other] {
        tab.hears_message("over").await;
        let heard = of_room(&tab.all_so_far().await, &room);
        assert!(heard[0].contains("\"la\""), "{heard:?}");
        assert!(heard.last().unwrap().contains("room_gone"), "{heard:?}");
        assert!(!heard.iter().any(|text| text.contains("la la")), "{heard:?}");
    }
    every_call_is_refused(&john, &carlos, &room, 403, "forbidden").await;
    is_kept_out(&mut johns, &room, ErrorCode::Forbidden).await;
}

#[tokio::test]
async fn one_who_was_removed_from_a_private_room_knows_of_it_no_more() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Board", "private").await;
    carlos.invites(&john, &room).await;
    let mut johns = john.connects().await;
    johns.says("here I am").in_room(&room).await;
    carlos.removes(&john, &room).await;
    let gone = room.id.to_string();
    johns
        .hears("room_gone", |frame| matches!(frame, ServerFrame::RoomGone { room } if *room == gone).then_some(()))
        .await;
    every_call_is_refused(&john, &carlos, &room, 404, "unknown_room").await;
    is_kept_out(&mut johns, &room, ErrorCode::UnknownRoom).await;
    let again = john.connects().await;
    assert!(again.hello.iter().all(|room| room.id.to_string() != gone));
}
