//! S13: only one answer to a command counts, only from its bot, and only while somebody waits.

use serde_json::json;

use crate::{by_hand::ByHand, installation::Installation};

#[tokio::test]
async fn a_second_answer_and_one_to_no_command_are_dropped() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(20_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    let taken = bot.takes("sleep").await;
    assert_eq!(taken.invocation.id, id);
    bot.answers(id, "sleeper", "first").await;
    bot.answers(id, "sleeper", "second").await;
    taken.acknowledged().await;
    // Both are taken at once, so either may be the one.
    let outcome = chat.tab.hears_outcome(id).await.message().text;
    assert!(["first", "second"].contains(&outcome.as_str()), "{outcome}");
    chat.drops("late", 1).await;

    bot.answers(parlor_protocol::ids::MessageId::new(), "sleeper", "to nobody").await;
    chat.drops("unknown", 1).await;
    assert_eq!(chat.carlos.reads(&chat.general).await, [outcome]);
    chat.ends().await;
}

#[tokio::test]
async fn another_bot_cannot_answer() {
    let mut chat = Installation::starts().await;
    let mut bot = ByHand::connects(&chat.rabbit).await;
    bot.holds("sleeper", "sleep", json!(20_000)).await;
    let id = chat.tab.commands("/sleep", &chat.general).await;
    let taken = bot.takes("sleep").await;
    bot.answers(id, "stock", "as if I were asked").await;
    chat.drops("foreign", 1).await;
    bot.answers(id, "sleeper", "it was me").await;
    taken.acknowledged().await;
    assert_eq!(chat.tab.hears_outcome(id).await.message().author.id.to_string(), "bot:sleeper");
    assert_eq!(chat.carlos.reads(&chat.general).await, ["it was me"]);
    chat.ends().await;
}
