//! S13: replicas of a bot share its commands; whichever of them dies, each command has exactly one outcome.

use std::collections::BTreeSet;

use parlor_protocol::{error::ErrorCode, ids::MessageId, socket::ServerFrame};
use parlor_testing::{Setup, tab::Outcome};

use crate::{by_hand::ByHand, installation::Installation};

/// After everything is over there is one answer in the room, and no more about it on the way.
async fn has_one_outcome(chat: &mut Installation, id: MessageId) {
    assert_eq!(chat.messages_of(id).await, 1);
    let heard: Vec<_> = chat.tab.all_so_far().await.into_iter().map(|frame| frame.to_json()).collect();
    let more = heard.iter().filter(|frame| frame.contains(&id.to_string()) && !frame.contains("progress"));
    assert_eq!(more.count(), 0, "{heard:?}");
}

#[tokio::test]
async fn three_replicas_share_the_work() {
    let mut chat = Installation::starts().await;
    let replicas = [chat.starts_dice(), chat.starts_dice(), chat.starts_dice()];
    for replica in &replicas {
        replica.writes("takes /roll").await;
    }
    chat.carlos.can_use("roll").await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(chat.tab.commands("/roll 1", &chat.general).await);
    }
    for id in &ids {
        chat.tab.hears_outcome(*id).await.message();
    }
    let answers = chat.answers("dice");
    let who: BTreeSet<_> = answers.iter().map(|answer| answer.replica.as_str()).collect();
    assert_eq!(who.len(), 3, "each has answered some");
    let about: BTreeSet<_> = answers.iter().map(|answer| answer.id).collect();
    assert_eq!((answers.len(), about), (ids.len(), ids.iter().copied().collect()), "and none twice");
    for id in ids {
        assert_eq!(chat.messages_of(id).await, 1);
    }
    chat.ends().await;
}

#[tokio::test]
async fn what_a_killed_replica_was_at_is_done_by_another() {
    let mut chat = Installation::starts().await;
    let mut first = chat.starts_dice();
    chat.carlos.can_use("roll").await;
    let id = chat.tab.commands("/roll 10", &chat.general).await;
    chat.tab.hears_accepted(id).await;
    let has_begun =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Progress { id: of, .. } if *of == id).then_some(());
    chat.tab.hears("progress", has_begun).await;
    let second = chat.starts_dice();
    second.writes("takes /roll").await;
    first.is_killed().await;
    assert!(chat.answers("dice").is_empty(), "it was still at it");
    chat.tab.hears_outcome(id).await.message();
    has_one_outcome(&mut chat, id).await;
    let by: Vec<_> = chat.answers("dice").into_iter().map(|answer| answer.replica).collect();
    let announced: BTreeSet<_> = chat.manifests("dice").into_iter().map(|manifest| manifest.replica).collect();
    assert_eq!((by.len(), announced.len()), (1, 2));
    chat.ends().await;
}

#[tokio::test]
async fn what_waited_at_a_frozen_replica_is_done_by_another_once_it_is_killed() {
    let mut chat = Installation::starts_as(Setup::demo().set("PARLOR_COMMAND_TIMEOUT", "60s")).await;
    let (mut one, other) = (chat.starts_chooser(), chat.starts_chooser());
    one.writes("accepted a command").await;
    other.writes("accepted a command").await;
    chat.carlos.can_use("choose").await;
    one.freezes();
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(chat.tab.commands("/choose tea coffee", &chat.general).await);
    }
    for id in &ids {
        chat.tab.hears_accepted(*id).await;
    }
    one.is_killed().await;
    for id in &ids {
        chat.tab.hears_outcome(*id).await.message();
    }
    for id in ids {
        has_one_outcome(&mut chat, id).await;
    }
    chat.ends().await;
}

#[tokio::test]
async fn without_any_replica_there_is_a_timeout_and_a_late_answer_is_dropped() {
    let mut chat = Installation::starts_as(Setup::demo().set("PARLOR_COMMAND_TIMEOUT", "2s")).await;
    let mut last = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    last.freezes();
    let id = chat.tab.commands("/choose tea coffee", &chat.general).await;
    chat.tab.hears_accepted(id).await;
    last.is_killed().await;
    let (code, text) = chat.tab.hears_outcome(id).await.error();
    assert_eq!((code, text.as_str()), (ErrorCode::CommandTimeout, "/choose was not answered within 2 seconds."));

    let by_hand = ByHand::connects(&chat.rabbit).await;
    by_hand.answers(id, "chooser", "coffee, at last").await;
    chat.drops("late", 1).await;
    chat.tab.commands_as(id, "/choose tea coffee", &chat.general).await;
    chat.tab.hears_accepted(id).await;
    let again = chat.tab.hears_outcome(id).await;
    assert!(matches!(again, Outcome::Error { code: ErrorCode::CommandTimeout, .. }), "{again:?}");
    assert_eq!(chat.messages_of(id).await, 0);
    chat.ends().await;
}
