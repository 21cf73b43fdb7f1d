//! S8: the author of a message is whoever has the session, whatever a frame says.

use parlor_protocol::{error::ErrorCode, ids::MessageId};
use parlor_testing::Parlor;
use serde_json::json;

#[tokio::test]
async fn the_author_is_who_has_the_session() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.says("by Carlos").in_room(&general).await;
    let heard = johns.hears_message("by Carlos").await;
    assert_eq!(heard.author.id.to_string(), carlos.id());
    assert_eq!((heard.author.name.as_str(), heard.author.bot), ("Carlos", false));
    let stored = &john.history(&general, "limit=1").await.messages[0];
    assert_eq!(stored.author, heard.author);
}

#[tokio::test]
async fn a_frame_that_names_an_author_is_refused() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    for field in ["author", "author_id", "user", "user_id", "username", "from", "sender", "bot"] {
        let mut frame = json!({"type": "message", "id": MessageId::new(), "room": general.id, "text": "forged"});
        frame[field] = json!(john.id());
        his.sends_json(frame).await;
        assert_eq!(his.hears_error().await.1, ErrorCode::InvalidRequest, "{field}");
    }
    his.says("honest").in_room(&general).await;
    johns.hears_message("honest").await;
    assert!(johns.all_so_far().await.is_empty());
    assert_eq!(john.reads(&general).await, ["honest"]);
}

#[tokio::test]
async fn two_sessions_of_two_people_never_mix() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    for round in 0..20 {
        his.says(format!("carlos {round}")).without_waiting_in(&general).await;
        johns.says(format!("john {round}")).without_waiting_in(&general).await;
    }
    for round in 0..20 {
        assert_eq!(johns.hears_message(&format!("carlos {round}")).await.author.id.to_string(), carlos.id());
        assert_eq!(his.hears_message(&format!("john {round}")).await.author.id.to_string(), john.id());
    }
}
