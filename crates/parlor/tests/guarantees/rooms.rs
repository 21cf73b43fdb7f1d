//! S17 to S20: rooms are made, found, joined and left; everyone sees a new public one at once.

use parlor_protocol::{
    http::{Role, Room, RoomKind},
    socket::ServerFrame,
};
use parlor_testing::{Parlor, Person, Tab};
use reqwest::Method;
use serde_json::json;

async fn hears_room_created(tab: &mut Tab, name: &str) {
    tab.hears("room_created", |frame| {
        matches!(frame, ServerFrame::RoomCreated { room } if room.name == name).then_some(())
    })
    .await;
}

async fn hears_room_joined(tab: &mut Tab, name: &str) -> Room {
    tab.hears("room_joined", |frame| match frame {
        ServerFrame::RoomJoined { room } if room.name == name => Some(room.clone()),
        _ => None,
    })
    .await
}

fn usernames(members: &[parlor_protocol::http::Member]) -> Vec<(&str, Role)> {
    let mut names: Vec<_> = members.iter().map(|member| (member.user.username.as_str(), member.role)).collect();
    names.sort_unstable_by_key(|(name, _)| *name);
    names
}

async fn creates(person: &Person, name: &str, kind: &str) -> parlor_testing::Answer {
    person.posts("/api/rooms", json!({"name": name, "kind": kind})).await
}

#[tokio::test]
async fn a_new_public_room_is_seen_by_all_at_once_and_live_for_its_creator() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut his_other, mut johns) = (carlos.connects().await, carlos.connects().await, john.connects().await);
    let room = carlos.creates_room("Lunch", "public").await;
    assert!(room.member && room.kind == RoomKind::Public);
    for tab in [&mut his, &mut his_other, &mut johns] {
        hears_room_created(tab, "Lunch").await;
    }
    for tab in [&mut his, &mut his_other] {
        assert_eq!(hears_room_joined(tab, "Lunch").await.id, room.id);
    }
    assert_eq!(usernames(&carlos.members_of(&room).await), [("carlos", Role::Owner)]);
    his.says("who is coming?").in_room(&room).await;
    his_other.hears_message("who is coming?").await;
    assert_eq!(john.room("Lunch").await.id, room.id);
}

#[tokio::test]
async fn a_private_room_is_told_to_its_members_alone() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let (mut his, mut johns, mut gerards) = (carlos.connects().await, john.connects().await, gerard.connects().await);
    let room = carlos.creates_room("Payroll", "private").await;
    hears_room_joined(&mut his, "Payroll").await;
    carlos.invites(&john, &room).await;
    let told = hears_room_joined(&mut johns, "Payroll").await;
    assert!(told.member);
    his.says("welcome").in_room(&room).await;
    johns.hears_message("welcome").await;
    let general = his.room("general").clone();
    his.says("morning").in_room(&general).await;
    gerards.hears_message("morning").await;
    assert!(gerards.all_so_far().await.is_empty());
    assert!(gerard.rooms().await.iter().all(|seen| seen.id != room.id));
}

#[tokio::test]
async fn joining_makes_a_member_once_and_all_members_hear_of_it() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Chess", "public").await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    john.joins(&room).await;
    john.joins(&room).await;
    let joined = hears_room_joined(&mut johns, "Chess").await;
    let seq = his
        .hears("member_joined", |frame| match frame {
            ServerFrame::MemberJoined { room: at, seq, user } if *at == room.id && user.id.to_string() == john.id() => {
                Some(*seq)
            }
            _ => None,
        })
        .await;
    assert!(joined.last_seq >= Some(seq), "the joined room counts its own entry");
    johns.says("e4").in_room(&room).await;
    let heard = his.hears_message("e4").await;
    assert_eq!(heard.seq.0, seq.0 + 1, "joining twice is one entry");
    assert_eq!(usernames(&john.members_of(&room).await), [("carlos", Role::Owner), ("john", Role::Member)]);
}

#[tokio::test]
async fn leaving_ends_it_once_and_members_hear_of_it() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Chess", "public").await;
    john.joins(&room).await;
    let mut his = carlos.connects().await;
    john.leaves(&room).await;
    john.leaves(&room).await;
    his.hears("member_left", |frame| {
        matches!(frame, ServerFrame::MemberLeft { room: at, user, .. } if *at == room.id && user.id.to_string() == john.id())
            .then_some(())
    })
    .await;
    his.says("alone").in_room(&room).await;
    his.hears_message("alone").await;
    assert!(his.all_so_far().await.is_empty(), "leaving twice is one entry");
    assert_eq!(usernames(&carlos.members_of(&room).await), [("carlos", Role::Owner)]);
    john.joins(&room).await;
    assert_eq!(john.reads(&room).await, ["alone"]);
}

#[tokio::test]
async fn any_member_invites_and_the_owner_removes() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let room = carlos.creates_room("Band", "private").await;
    carlos.invites(&john, &room).await;
    john.invites(&gerard, &room).await;
    john.invites(&gerard, &room).await;
    assert_eq!(usernames(&gerard.members_of(&room).await).len(), 3);
    let path = format!("/api/rooms/{}/members/{}", room.id, gerard.id());
    john.calls(Method::DELETE, &path, None).await.refuses(403, "forbidden");
    carlos.removes(&gerard, &room).await;
    let nobody = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";
    let members = format!("/api/rooms/{}/members", room.id);
    carlos.posts(&members, json!({"user_id": nobody})).await.refuses(404, "unknown_person");
    carlos.posts(&members, json!({"user_id": "john"})).await.refuses(404, "unknown_person");
    carlos.calls(Method::DELETE, &path, None).await.refuses(404, "unknown_person");
    // Oneself may always go.
    john.removes(&john, &room).await;
    assert_eq!(usernames(&carlos.members_of(&room).await), [("carlos", Role::Owner)]);
}

#[tokio::test]
async fn the_names_of_public_rooms_are_unique_whatever_their_case() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    carlos.creates_room("Straße", "public").await;
    for name in ["Straße", "STRASSE", "  straße  ", "strasse"] {
        creates(&john, name, "public").await.refuses(409, "room_exists");
    }
    creates(&john, "General", "public").await.refuses(409, "room_exists");
    // A private one may have any name, and never betrays itself.
    carlos.creates_room("Plan B", "private").await;
    john.creates_room("Plan B", "private").await;
    john.creates_room("Plan B", "public").await;
}

#[tokio::test]
async fn names_that_hide_something_are_refused_with_a_reason() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for name in
        ["", " ", "\u{3000}", "a\nb", "a\u{0}b", "a\u{202e}b", "a\u{200b}b", "\u{2066}a", "a\u{ad}b", "a\u{85}b"]
    {
        creates(&carlos, name, "public").await.refuses(422, "invalid_room_name");
        creates(&carlos, name, "private").await.refuses(422, "invalid_room_name");
    }
    creates(&carlos, &"é".repeat(81), "public").await.refuses(422, "invalid_room_name");
    assert_eq!(carlos.creates_room(&"é".repeat(80), "public").await.name.chars().count(), 80);
    assert_eq!(carlos.creates_room("  Cafe\u{301} 世界 ", "public").await.name, "Café 世界");
    assert_eq!(carlos.rooms().await.len(), 3);
}

#[tokio::test]
async fn two_who_create_the_same_public_room_at_once_get_one() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    for round in 0..5 {
        let (upper, lower) = (format!("Race {round}"), format!("race {round}"));
        let (one, two) = tokio::join!(creates(&carlos, &upper, "public"), creates(&john, &lower, "public"));
        let mut both = [one.status, two.status];
        both.sort_unstable();
        assert_eq!(both, [201, 409]);
    }
}
