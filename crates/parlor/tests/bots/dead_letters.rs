//! What no bot can carry out ends its command at once, whether it is given back for good or again and again.

use parlor_protocol::{error::ErrorCode, ids::MessageId};
use serde_json::json;

use crate::{by_hand::ByHand, installation::Installation};

const GAVE_UP: &str = "/sleep could not be carried out: its bot gave up on it.";

#[tokio::test]
async fn a_rejected_invocation_fails_at_once() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(600_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    bot.takes("sleep").await.rejected().await;
    assert_eq!(chat.tab.hears_outcome(id).await.error(), (ErrorCode::CommandFailed, GAVE_UP.to_owned()));
    chat.counts("parlor_dead_letters_total{reason=\"rejected\"}", 1).await;
    chat.ends().await;
}

#[tokio::test]
async fn an_invocation_on_which_its_bot_always_dies_fails_in_the_end() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(600_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    for _ in 0..5 {
        let taken = bot.takes("sleep").await;
        assert_eq!(taken.invocation.id, id);
        // A connection that ends gives back what it had.
        bot.dies_and_comes_again(&chat.rabbit).await;
    }
    assert_eq!(chat.tab.hears_outcome(id).await.error(), (ErrorCode::CommandFailed, GAVE_UP.to_owned()));
    chat.counts("parlor_dead_letters_total{reason=\"delivery_limit\"}", 1).await;
    chat.ends().await;
}

#[tokio::test]
async fn what_nobody_takes_ends_by_its_deadline_alone() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(1_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    chat.tab.hears_accepted(id).await;
    assert_eq!(chat.tab.hears_outcome(id).await.error().0, ErrorCode::CommandTimeout);
    chat.counts("parlor_dead_letters_total{reason=\"expired\"}", 1).await;
    let more = chat.tab.all_so_far().await;
    assert!(more.iter().all(|frame| !frame.to_json().contains(&id.to_string())), "{more:?}");
    chat.ends().await;
}

#[tokio::test]
async fn garbage_among_the_dead_letters_hurts_nobody() {
    let mut chat = Installation::starts().await;
    let _chooser = chat.starts_chooser();
    chat.carlos.can_use("choose").await;
    let bot = ByHand::connects(&chat.rabbit).await;
    for garbage in ["", "no JSON", "{}", "[[[[", "{\"id\":7}"] {
        bot.publishes("dead", garbage, None).await;
    }
    chat.counts("parlor_dead_letters_total{reason=\"unknown\"}", 5).await;
    chat.goes_on().await;
    chat.ends().await;
}

#[tokio::test]
async fn the_examples_reject_what_they_cannot_read_and_leave_what_is_late() {
    let mut chat = Installation::starts().await;
    let _bots = (chat.starts_dice(), chat.starts_chooser());
    chat.carlos.can_use("roll").await;
    chat.carlos.can_use("choose").await;
    let by_hand = ByHand::connects(&chat.rabbit).await;
    let invocation = |command: &str, deadline: &str| {
        json!({
            "id": MessageId::new(), "command": command, "arguments": {"things": ["tea"]}, "line": "/line",
            "room": chat.general.id, "asker": chat.tab.me, "deadline": deadline,
        })
        .to_string()
    };
    let (later, deep) = ("2099-01-01T00:00:00.000Z", "[".repeat(50_000));
    for command in ["roll", "choose"] {
        let queue = format!("command.{command}.v1");
        let unheard_of = invocation("unheard-of", later);
        for garbage in ["", "no JSON", "[]", "{}", &deep, &unheard_of, &invocation(command, "tomorrow")] {
            by_hand.publishes(&queue, garbage, None).await;
        }
        by_hand.publishes(&queue, invocation(command, "2020-01-01T00:00:00.000Z"), None).await;
    }
    chat.counts("parlor_dead_letters_total{reason=\"rejected\"}", 14).await;
    chat.tab.asks("/roll", &chat.general).await.message();
    chat.goes_on().await;
    assert_eq!((chat.answers("dice").len(), chat.answers("chooser").len()), (1, 1), "nobody waited for the late ones");
    chat.ends().await;
}
