//! A client that was away is told what it missed, in order and once; or to load the history, or that the room is gone.

use parlor_protocol::{error::ErrorCode, http::Room, ids::RoomId, socket::ServerFrame};
use parlor_testing::{Parlor, Setup, Tab, tab::entry};
use serde_json::json;

/// What a resume of this room brings: its frames up to and with the one that ends it.
async fn replay(tab: &mut Tab, room: &Room, after: u64) -> Vec<ServerFrame> {
    tab.resumes(&[(room, after)]).await;
    let mut frames = Vec::new();
    loop {
        let frame = tab.next().await;
        let is_end = match &frame {
            ServerFrame::Resumed { room: of, .. } | ServerFrame::Reset { room: of, .. } => *of == room.id,
            ServerFrame::RoomGone { room: of } => *of == room.id.to_string(),
            _ => false,
        };
        frames.push(frame);
        if is_end {
            return frames;
        }
    }
}

fn numbers(frames: &[ServerFrame], room: &Room) -> Vec<u64> {
    frames.iter().filter_map(|frame| entry(frame, room)).map(|seq| seq.0).collect()
}

#[tokio::test]
async fn what_was_missed_comes_in_order_and_then_resumed() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Log", "public").await;
    let mut his = carlos.connects().await;
    let mut johns = john.connects().await;
    let first = his.says("one").in_room(&room).await.seq.0;
    john.joins(&room).await;
    let two = his.says("two").in_room(&room).await;
    his.asks("/topic three", &room).await;
    let message = his.hears_message("two").await;
    assert_eq!(message.id, two.id);
    carlos.edits(&message, "two, edited").await.expect(204);
    let last = carlos.room("Log").await.last_seq.unwrap().0;
    johns.hears("the last entry", |frame| (entry(frame, &room)?.0 == last).then_some(())).await;
    johns.all_so_far().await;
    for after in first..last {
        let frames = replay(&mut johns, &room, after).await;
        assert_eq!(numbers(&frames, &room), (after + 1..=last).collect::<Vec<_>>());
        assert!(matches!(frames.last(), Some(ServerFrame::Resumed { seq, .. }) if seq.0 == last));
        assert_eq!(frames.len() as u64, last - after + 1);
    }
    let state = replay(&mut johns, &room, first).await;
    let text = state.iter().find_map(|frame| match frame {
        ServerFrame::Message(message) if message.id == two.id => Some(message.text.as_str()),
        _ => None,
    });
    assert_eq!(text, Some("two, edited"), "messages in their present state");
    let nothing = replay(&mut johns, &room, last).await;
    assert!(matches!(&nothing[..], [ServerFrame::Resumed { seq, .. }] if seq.0 == last), "{nothing:?}");
}

#[tokio::test]
async fn a_thousand_are_replayed_and_one_more_is_a_reset() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let room = carlos.creates_room("Busy", "public").await;
    let mut tab = carlos.connects().await;
    for n in 0..1_001 {
        tab.says(format!("message {n}")).without_waiting_in(&room).await;
    }
    let last = tab.hears_message("message 1000").await.seq.0;
    tab.all_so_far().await;
    let frames = replay(&mut tab, &room, last - 1_000).await;
    assert_eq!(numbers(&frames, &room), (last - 999..=last).collect::<Vec<_>>());
    let frames = replay(&mut tab, &room, last - 1_001).await;
    assert!(matches!(&frames[..], [ServerFrame::Reset { seq, .. }] if seq.0 == last), "{} frames", frames.len());
    let frames = replay(&mut tab, &room, 0).await;
    assert!(matches!(&frames[..], [ServerFrame::Reset { .. }]));
    // The history leads on from there.
    assert_eq!(carlos.history(&room, "").await.last_seq.0, last);
}

#[tokio::test]
async fn a_number_above_the_last_is_a_reset() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tab = carlos.connects().await;
    let general = tab.room("general").clone();
    let last = tab.says("one").in_room(&general).await.seq;
    tab.hears_message("one").await;
    for above in [last.0 + 1, 1 << 40, (1 << 53) - 1] {
        let frames = replay(&mut tab, &general, above).await;
        assert!(matches!(&frames[..], [ServerFrame::Reset { seq, .. }] if *seq == last), "{frames:?}");
    }
}

#[tokio::test]
async fn a_room_that_is_not_ones_own_is_gone_by_the_name_it_was_asked_for() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let public = carlos.creates_room("Public", "public").await;
    let private = carlos.creates_room("Private", "private").await;
    let mut johns = john.connects().await;
    let general = johns.room("general").clone();
    let none = RoomId::new().to_string();
    let asked = [public.id.to_string(), private.id.to_string(), none, "general".to_owned(), String::new()];
    let mut rooms = serde_json::Map::from_iter(asked.iter().map(|room| (room.clone(), json!(0))));
    rooms.insert(general.id.to_string(), json!(general.last_seq));
    johns.sends_json(json!({"type": "resume", "rooms": rooms})).await;
    let mut gone = Vec::new();
    let mut resumed = Vec::new();
    for _room in 0..=asked.len() {
        match johns.next().await {
            ServerFrame::RoomGone { room } => gone.push(room),
            ServerFrame::Resumed { room, .. } => resumed.push(room),
            other => panic!("{other:?}"),
        }
    }
    gone.sort_unstable();
    let mut asked = asked.to_vec();
    asked.sort_unstable();
    assert_eq!(gone, asked);
    assert_eq!(resumed, [general.id]);
}

#[tokio::test]
async fn at_most_500_rooms_a_frame() {
    let parlor = Parlor::starts().await;
    let mut tab = parlor.log_in("carlos").await.connects().await;
    let rooms = |n: usize| {
        let rooms = (0..n).map(|_| (RoomId::new().to_string(), json!(0)));
        json!({"type": "resume", "rooms": serde_json::Map::from_iter(rooms)})
    };
    tab.sends_json(rooms(501)).await;
    assert_eq!(tab.hears_error().await.1, ErrorCode::InvalidRequest);
    tab.sends_json(rooms(500)).await;
    for _room in 0..500 {
        tab.hears("room_gone", |frame| matches!(frame, ServerFrame::RoomGone { .. }).then_some(())).await;
    }
    tab.sends_json(rooms(0)).await;
    assert!(tab.all_so_far().await.is_empty());
}

#[tokio::test]
async fn live_entries_wait_for_the_end_of_a_replay() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    let first = his.says("message 0").in_room(&general).await.seq.0;
    for n in 1..300 {
        his.says(format!("message {n}")).without_waiting_in(&general).await;
    }
    his.hears_message("message 299").await;
    let talking = tokio::spawn({
        let general = general.clone();
        async move {
            for n in 300..600 {
                his.says(format!("message {n}")).without_waiting_in(&general).await;
            }
            his.hears_message("message 599").await;
        }
    });
    let mut johns = john.connects().await;
    johns.resumes(&[(&general, first)]).await;
    let mut before = Vec::new();
    let resumed = loop {
        let frame = johns.next().await;
        if let ServerFrame::Resumed { seq, .. } = frame {
            break seq.0;
        }
        before.extend(entry(&frame, &general).map(|seq| seq.0));
    };
    // Entries that were live before the request arrived may stand before the replay.
    let replay = before.iter().rposition(|seq| *seq == first + 1).expect("a replay from where it asked");
    assert_eq!(before[replay..], (first + 1..=resumed).collect::<Vec<_>>());
    let mut after = Vec::new();
    while resumed + after.len() as u64 != first + 599 {
        let frame = johns.next().await;
        after.extend(entry(&frame, &general).map(|seq| seq.0));
    }
    assert_eq!(after, (resumed + 1..=first + 599).collect::<Vec<_>>());
    talking.await.unwrap();
    assert!(johns.all_so_far().await.iter().all(|frame| entry(frame, &general).is_none()));
}
