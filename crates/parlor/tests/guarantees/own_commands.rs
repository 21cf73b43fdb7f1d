//! S11: what touches only the chat's own state is the chat's own, through the same catalogue.

use parlor_protocol::{error::ErrorCode, socket::ServerFrame};
use parlor_testing::{Parlor, tab::Outcome};

#[tokio::test]
async fn help_is_for_the_asker_alone_and_names_every_command() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    carlos.can_use("stock").await;
    let id = his.commands("/help", &general).await;
    his.hears_accepted(id).await;
    let text = his.hears_outcome(id).await.answer();
    for command in ["/help", "/topic", "/invite", "/leave", "/stock"] {
        assert!(text.contains(command), "{command} is not in: {text}");
    }
    let of_stock = his.asks("/help stock", &general).await.answer();
    assert!(of_stock.contains("/stock") && !of_stock.contains("/topic"), "{of_stock}");
    assert!(johns.all_so_far().await.is_empty());
    assert!(john.reads(&general).await.is_empty());
}

#[tokio::test]
async fn a_topic_is_an_entry_that_every_member_hears_and_everyone_sees() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let room = carlos.creates_room("Garden", "public").await;
    john.joins(&room).await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let outcome = his.asks("/topic Roses, and \"nothing\" else", &room).await;
    assert!(!matches!(outcome, Outcome::Error { .. }), "{outcome:?}");
    let (seq, topic, by) = johns
        .hears("room_changed", |frame| match frame {
            ServerFrame::RoomChanged { room: at, seq, changes, by } if *at == room.id => {
                Some((*seq, changes.topic.clone(), by.clone()))
            }
            _ => None,
        })
        .await;
    assert_eq!(topic.as_deref(), Some("Roses, and \"nothing\" else"));
    assert_eq!(by.id.to_string(), carlos.id());
    assert_eq!(gerard.room("Garden").await.topic, "Roses, and \"nothing\" else");
    assert_eq!(john.room("Garden").await.last_seq, Some(seq));
    let too_long = his.asks(&format!("/topic {}", "x".repeat(251)), &room).await;
    assert!(matches!(too_long, Outcome::Error { .. }), "{too_long:?}");
}

#[tokio::test]
async fn invite_brings_people_in() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let room = carlos.creates_room("Band", "private").await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let outcome = his.asks("/invite john @gerard", &room).await;
    assert!(!matches!(outcome, Outcome::Error { .. }), "{outcome:?}");
    johns.hears("room_joined", |frame| matches!(frame, ServerFrame::RoomJoined { .. }).then_some(())).await;
    assert_eq!(gerard.members_of(&room).await.len(), 3);
    let nobody = his.asks("/invite nobody", &room).await;
    assert!(matches!(nobody, Outcome::Error { .. }), "{nobody:?}");
    let Outcome::Error { code, position, .. } = his.asks("/invite jo$hn", &room).await else { panic!("it was taken") };
    assert_eq!((code, position.is_some()), (ErrorCode::InvalidArguments, true));
}

#[tokio::test]
async fn leave_ends_with_room_gone_in_every_tab() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Chess", "public").await;
    john.joins(&room).await;
    let (mut johns, mut his_other) = (john.connects().await, john.connects().await);
    let id = johns.commands("/leave", &room).await;
    johns.hears_accepted(id).await;
    let outcome = johns.hears_outcome(id).await;
    assert!(!matches!(outcome, Outcome::Error { .. }), "{outcome:?}");
    let gone = room.id.to_string();
    for tab in [&mut johns, &mut his_other] {
        tab.hears("room_gone", |frame| matches!(frame, ServerFrame::RoomGone { room } if *room == gone).then_some(()))
            .await;
    }
    assert_eq!(carlos.members_of(&room).await.len(), 1);
    let direct = carlos.opens_direct_with(&john).await;
    assert_eq!(johns.asks("/leave", &direct).await.error().0, ErrorCode::Forbidden);
}
