//! S12: a bot that starts while the chat runs is in the catalogue with its first manifest, and answers; one that stops is
//! gone when its lease ends.

use std::time::{Duration, Instant};

use parlor_protocol::{error::ErrorCode, socket::ServerFrame};

use crate::{
    installation::Installation,
    process::{self, Bot},
};

/// How long a bot may be silent, and what a busy machine may add.
const LEASE: Duration = Duration::from_secs(15);
const SLACK: Duration = Duration::from_secs(5);

#[tokio::test]
async fn the_bot_in_python_is_there_with_its_first_manifest_and_answers() {
    let mut chat = Installation::starts().await;
    assert_eq!(chat.shows("roll").await, None);
    let _dice = chat.starts_dice();
    chat.carlos.can_use("roll").await;
    assert_eq!(chat.manifests("dice").len(), 1, "its first manifest is enough");
    let shown = chat.shows("roll").await.unwrap();
    assert_eq!((shown.bot.as_str(), shown.usage.as_str()), ("dice", "/roll [dice 1–20] [--sides 2–1000]"));
    let help = chat.tab.asks("/help", &chat.general).await.answer();
    assert!(help.contains("/roll"), "{help}");

    let id = chat.tab.commands("/roll 2 --sides 2", &chat.general).await;
    chat.tab.hears_accepted(id).await;
    let is_progress =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Progress { id: of, .. } if *of == id).then_some(());
    chat.tab.hears("progress", is_progress).await;
    let message = chat.tab.hears_outcome(id).await.message();
    assert_eq!((message.author.name.as_str(), message.author.id.to_string().as_str()), ("Dice", "bot:dice"));
    let sums = ["🎲 1 + 1 = 2", "🎲 1 + 2 = 3", "🎲 2 + 1 = 3", "🎲 2 + 2 = 4"];
    assert!(sums.contains(&message.text.as_str()), "{}", message.text);
    for line in ["/roll 21", "/roll two", "/roll --sides 1"] {
        assert_eq!(chat.tab.asks(line, &chat.general).await.error().0, ErrorCode::InvalidArguments, "{line}");
    }
    assert_eq!(chat.answers("dice").len(), 1, "a bad argument never reaches the bot");
    chat.ends().await;
}

#[tokio::test]
async fn the_bot_in_rust_is_there_with_its_first_manifest_and_answers() {
    let mut chat = Installation::starts().await;
    assert_eq!(chat.shows("choose").await, None);
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    assert_eq!(chat.manifests("chooser").len(), 1, "its first manifest is enough");
    let message = chat.tab.asks("/choose tea coffee", &chat.general).await.message();
    assert_eq!((message.author.name.as_str(), message.text.as_str()), ("Chooser", "coffee. It is the longest."));
    chat.ends().await;
}

#[tokio::test]
async fn bots_that_stop_or_die_are_gone_when_their_leases_end() {
    let mut chat = Installation::starts().await;
    let (mut dice, mut chooser) = (chat.starts_dice(), chat.starts_chooser());
    chat.carlos.can_use("roll").await;
    chat.carlos.can_use("choose").await;
    assert!(dice.stops().await.success());
    chooser.is_killed().await;
    let stopped = Instant::now();
    for command in ["roll", "choose"] {
        chat.forgets(command).await;
        assert!(stopped.elapsed() < LEASE + SLACK, "{:?}", stopped.elapsed());
        let (code, _) = chat.tab.asks(&format!("/{command}"), &chat.general).await.error();
        assert_eq!(code, ErrorCode::UnknownCommand);
        let help = chat.tab.asks("/help", &chat.general).await.answer();
        assert!(!help.contains(&format!("/{command}")), "{help}");
    }
    chat.ends().await;
}

#[tokio::test]
async fn a_bot_that_is_told_to_stop_finishes_what_it_has() {
    let mut chat = Installation::starts().await;
    let mut dice = chat.starts_dice();
    chat.carlos.can_use("roll").await;
    let id = chat.tab.commands("/roll 4", &chat.general).await;
    let has_begun =
        |frame: &ServerFrame| matches!(frame, ServerFrame::Progress { id: of, .. } if *of == id).then_some(());
    chat.tab.hears("progress", has_begun).await;
    dice.is_told_to_stop();
    chat.tab.hears_outcome(id).await.message();
    assert!(dice.ends().await.success());
    chat.ends().await;
}

#[tokio::test]
async fn bots_that_were_there_before_the_chat_are_found_by_it() {
    let mut chat = Installation::starts().await;
    let (_dice, _chooser) = (chat.starts_dice(), chat.starts_chooser());
    chat.carlos.can_use("roll").await;
    chat.carlos.can_use("choose").await;
    chat.parlor.stops().await;
    chat.parlor.starts_again().await;
    chat.tab = chat.carlos.connects().await;
    chat.carlos.can_use("roll").await;
    chat.goes_on().await;
    chat.tab.asks("/roll", &chat.general).await.message();
    chat.ends().await;
}

#[tokio::test]
async fn a_bot_that_is_given_no_broker_says_so_in_a_sentence() {
    let mut chooser = Bot::starts(process::chooser(), "http://s3cret@nowhere", "parlor");
    assert_eq!(chooser.ends().await.code(), Some(1));
    chooser.writes("a RabbitMQ is named as amqp://user:password@host:port/vhost").await;
    assert!(!chooser.log().contains("s3cret"), "{}", chooser.log());
}
