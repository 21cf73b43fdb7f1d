//! S15: without the broker a command is refused at once and messages go on; with it back, bots of any language are back
//! without a restart of anything.

use parlor_protocol::error::ErrorCode;
use parlor_testing::eventually;

use crate::installation::Installation;

async fn readiness_tells(chat: &Installation, missed: bool) {
    eventually("the change in /readyz", async || {
        let now = chat.parlor.readiness().await;
        (now.ready && now.degraded.contains(&"broker".to_owned()) == missed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn bots_are_back_after_an_absence_that_outlasts_their_leases() {
    let mut chat = Installation::starts().await;
    let (dice, _chooser) = (chat.starts_dice(), chat.starts_chooser());
    dice.writes("takes /roll").await;
    chat.carlos.can_use("choose").await;
    chat.goes_on().await;

    chat.way.refuse();
    readiness_tells(&chat, true).await;
    for line in ["/choose tea coffee", "/roll"] {
        // It would hear `accepted` first if it had to wait for anything.
        assert_eq!(chat.tab.asks(line, &chat.general).await.error().0, ErrorCode::Unavailable, "{line}");
    }
    chat.tab.says("messages go on").in_room(&chat.general).await;
    dice.writes("the broker is out of reach").await;
    chat.forgets("roll").await;
    chat.forgets("choose").await;

    chat.way.admit();
    readiness_tells(&chat, false).await;
    chat.carlos.can_use("roll").await;
    chat.carlos.can_use("choose").await;
    chat.goes_on().await;
    chat.tab.asks("/roll", &chat.general).await.message();
    chat.ends().await;
}

#[tokio::test]
async fn a_bot_may_be_there_before_the_broker() {
    let mut chat = Installation::starts().await;
    chat.way.refuse();
    readiness_tells(&chat, true).await;
    let (dice, _chooser) = (chat.starts_dice(), chat.starts_chooser());
    dice.writes("the broker is out of reach").await;
    chat.way.admit();
    readiness_tells(&chat, false).await;
    chat.carlos.can_use("roll").await;
    chat.carlos.can_use("choose").await;
    chat.tab.asks("/roll", &chat.general).await.message();
    chat.goes_on().await;
    chat.ends().await;
}
