//! S20: the room of two people: the same one each time, for both, and for nobody else.

use parlor_protocol::{http::RoomKind, socket::ServerFrame};
use parlor_testing::Parlor;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn both_get_the_same_room_each_time_and_the_other_one_is_told() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let room = carlos.opens_direct_with(&john).await;
    assert_eq!((room.kind, room.name.as_str(), room.member), (RoomKind::Direct, "John", true));
    let told = johns
        .hears("room_joined", |frame| match frame {
            ServerFrame::RoomJoined { room } => Some(room.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.id, told.name.as_str()), (room.id, "Carlos"));
    assert_eq!(told.with.unwrap().id.to_string(), carlos.id());
    assert_eq!(carlos.opens_direct_with(&john).await.id, room.id);
    assert_eq!(john.opens_direct_with(&carlos).await.id, room.id);
    his.says("just us").in_room(&room).await;
    johns.hears_message("just us").await;
}

#[tokio::test]
async fn both_clicking_at_the_same_moment_get_the_same_room() {
    let parlor = Parlor::starts().await;
    let people = [parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await];
    for (one, two) in [(0, 1), (1, 2), (0, 2)] {
        let (one, two) = (&people[one], &people[two]);
        let rooms = tokio::join!(
            one.opens_direct_with(two),
            two.opens_direct_with(one),
            one.opens_direct_with(two),
            two.opens_direct_with(one)
        );
        assert!([rooms.1.id, rooms.2.id, rooms.3.id].iter().all(|id| *id == rooms.0.id));
        assert_eq!(one.members_of(&rooms.0).await.len(), 2);
    }
}

#[tokio::test]
async fn a_third_person_does_not_know_of_it() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let mut gerards = gerard.connects().await;
    let room = carlos.opens_direct_with(&john).await;
    gerard.asks_history(&room, "").await.refuses(404, "unknown_room");
    let members = format!("/api/rooms/{}/members", room.id);
    gerard.gets(&members).await.refuses(404, "unknown_room");
    // A conversation of two stays one of two.
    let invited = carlos.posts(&members, json!({"user_id": gerard.id()})).await;
    assert_eq!(invited.status, 403, "{}", invited.body);
    assert!(gerards.all_so_far().await.is_empty());
}

#[tokio::test]
async fn it_cannot_be_left() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.opens_direct_with(&john).await;
    carlos.calls(Method::POST, &format!("/api/rooms/{}/leave", room.id), None).await.refuses(403, "forbidden");
    for who in [&carlos, &john] {
        let path = format!("/api/rooms/{}/members/{}", room.id, who.id());
        carlos.calls(Method::DELETE, &path, None).await.refuses(403, "forbidden");
    }
    assert_eq!(john.members_of(&room).await.len(), 2);
}

#[tokio::test]
async fn only_a_person_can_be_addressed() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for nobody in ["0190f3c2-7a5e-7d1c-9b1a-0123456789ab", "bot:stock", "john", ""] {
        carlos.posts("/api/direct", json!({"user_id": nobody})).await.refuses(404, "unknown_person");
    }
}
