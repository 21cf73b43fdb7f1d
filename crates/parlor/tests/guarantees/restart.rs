//! What was acknowledged survives a stop and a kill; nothing is there twice after everything was sent again; sessions
//! go on.

use std::collections::BTreeMap;

use parlor_protocol::{
    ids::{MessageId, Seq},
    socket::ServerFrame,
};
use parlor_testing::{Parlor, Setup};

#[tokio::test]
async fn acknowledged_messages_survive_a_kill_and_are_stored_once_when_sent_again() {
    let mut parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let carlos = parlor.log_in("carlos").await;
    let general = carlos.room("general").await;
    let mut sent: Vec<MessageId> = Vec::new();
    let mut acked: BTreeMap<MessageId, Seq> = BTreeMap::new();
    for round in 0..3 {
        let mut tab = carlos.connects().await;
        let batch: Vec<_> = (0..60).map(|_| MessageId::new()).collect();
        for id in &batch {
            tab.says_as(*id, format!("{id} of round {round}")).without_waiting_in(&general).await;
        }
        sent.extend(&batch);
        // The kill comes while the rest is on its way.
        for _ack in 0..=10 * round {
            let ack = tab.hears("ack", |frame| match frame {
                ServerFrame::Ack { id, seq, .. } => Some((*id, *seq)),
                _ => None,
            });
            let (id, seq) = ack.await;
            acked.insert(id, seq);
        }
        parlor.is_killed().await;
        parlor.starts_again().await;
        let stored = carlos.history(&general, "limit=200").await.messages;
        for (id, seq) in &acked {
            assert!(stored.iter().any(|message| message.id == *id && message.seq == *seq), "{id} was acknowledged");
        }
    }
    let mut tab = carlos.connects().await;
    for id in &sent {
        let said = tab.says_as(*id, format!("{id} again")).in_room(&general).await;
        assert!(acked.get(id).is_none_or(|seq| *seq == said.seq), "the first ack again");
    }
    let stored = carlos.history(&general, "limit=200").await.messages;
    let mut ids: Vec<_> = stored.iter().map(|message| message.id).collect();
    let numbers: Vec<_> = stored.iter().map(|message| message.seq.0).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 180).collect::<Vec<_>>(), "no gap and no repeat");
    ids.sort_unstable();
    sent.sort_unstable();
    assert_eq!(ids, sent);
}

#[tokio::test]
async fn sessions_survive_a_stop_and_a_kill_and_an_ended_one_stays_ended() {
    let mut parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    john.logs_out().await;
    for is_killed in [false, true] {
        if is_killed {
            parlor.is_killed().await;
        } else {
            assert!(parlor.stops().await.0.success());
        }
        parlor.starts_again().await;
        assert!(carlos.is_logged_in().await);
        assert!(!john.is_logged_in().await);
        let mut tab = carlos.connects().await;
        let general = tab.room("general").clone();
        tab.says(format!("killed: {is_killed}")).in_room(&general).await;
    }
    assert_eq!(carlos.reads(&carlos.room("general").await).await, ["killed: false", "killed: true"]);
}

#[tokio::test]
async fn rooms_memberships_topics_and_read_positions_survive_a_kill() {
    let mut parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Board", "private").await;
    carlos.invites(&john, &room).await;
    let direct = carlos.opens_direct_with(&john).await;
    let mut his = carlos.connects().await;
    his.asks("/topic What matters", &room).await;
    his.says("hello").in_room(&room).await;
    let said = his.says("again").in_room(&room).await;
    john.has_read(&room, said.seq.0).await;
    let before = (carlos.rooms().await, john.rooms().await, john.members_of(&room).await);
    parlor.is_killed().await;
    parlor.starts_again().await;
    assert_eq!((carlos.rooms().await, john.rooms().await, john.members_of(&room).await), before);
    assert_eq!(john.opens_direct_with(&carlos).await.id, direct.id);
}

#[tokio::test]
async fn demo_people_and_general_are_seeded_once() {
    let mut parlor = Parlor::starts().await;
    let before = parlor.log_in("carlos").await;
    let rooms = before.rooms().await;
    for _start in 0..2 {
        parlor.is_killed().await;
        parlor.starts_again().await;
        let again = parlor.log_in("carlos").await;
        assert_eq!(again.account, before.account);
        assert_eq!(again.rooms().await, rooms);
        assert_eq!(again.members_of(&rooms[0]).await.len(), 3);
    }
}

#[tokio::test]
async fn one_who_comes_back_resumes_where_they_were() {
    let mut parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut johns = john.connects().await;
    let general = johns.room("general").clone();
    let mut his = carlos.connects().await;
    let last = his.says("before").in_room(&general).await;
    johns.hears_message("before").await;
    drop(johns);
    his.says("while away").in_room(&general).await;
    parlor.is_killed().await;
    parlor.starts_again().await;
    let mut his = carlos.connects().await;
    his.says("after the kill").in_room(&general).await;
    let mut johns = john.connects().await;
    johns.resumes(&[(&general, last.seq.0)]).await;
    assert_eq!(johns.hears_message("while away").await.seq.0, last.seq.0 + 1);
    assert_eq!(johns.hears_message("after the kill").await.seq.0, last.seq.0 + 2);
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_in_a_sentence() {
    let parlor = Parlor::starts().await;
    let (status, said) = parlor.runs(&["serve", "--demo", "--listen", "127.0.0.1:0"], "").await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("another Parlor serves") && said.contains("--data"), "{said}");
    parlor.log_in("carlos").await;
}
