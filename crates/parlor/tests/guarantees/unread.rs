//! P6: unread counts survive a reload and agree in all of a person's tabs.

use parlor_protocol::{ids::Seq, socket::ServerFrame};
use parlor_testing::{Parlor, Tab};

async fn hears_read(tab: &mut Tab) -> (Seq, u64) {
    tab.hears("read", |frame| match frame {
        ServerFrame::Read { read_seq, unread, .. } => Some((*read_seq, *unread)),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn others_messages_count_and_ones_own_do_not() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    for text in ["one", "two", "three"] {
        his.says(text).in_room(&general).await;
    }
    johns.says("mine").in_room(&general).await;
    assert_eq!(john.room("general").await.unread, Some(3));
    assert_eq!(carlos.room("general").await.unread, Some(1));
    assert_eq!(john.room("general").await.read_seq, general.read_seq);
    let two = johns.hears_message("two").await;
    carlos.deletes(&two).await.expect(204);
    assert_eq!(john.room("general").await.unread, Some(2), "a deleted one does not count");
    assert_eq!(john.connects().await.room("general").unread, Some(2), "hello says the same");
}

#[tokio::test]
async fn reading_is_told_to_all_of_ones_tabs_and_to_nobody_else() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns, mut johns_other) = (carlos.connects().await, john.connects().await, john.connects().await);
    let general = his.room("general").clone();
    his.says("one").in_room(&general).await;
    let two = his.says("two").in_room(&general).await;
    john.has_read(&general, two.seq.0 - 1).await;
    for tab in [&mut johns, &mut johns_other] {
        assert_eq!(hears_read(tab).await, (Seq(two.seq.0 - 1), 1));
    }
    john.has_read(&general, two.seq.0).await;
    for tab in [&mut johns, &mut johns_other] {
        assert_eq!(hears_read(tab).await, (two.seq, 0));
    }
    let of_carlos = his.all_so_far().await;
    assert!(!of_carlos.iter().any(|frame| matches!(frame, ServerFrame::Read { .. })));
}

#[tokio::test]
async fn a_read_position_never_goes_back_and_never_beyond_the_last() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut his = carlos.connects().await;
    let general = his.room("general").clone();
    his.says("one").in_room(&general).await;
    let two = his.says("two").in_room(&general).await;
    john.has_read(&general, two.seq.0).await;
    john.has_read(&general, 1).await;
    assert_eq!(john.room("general").await.read_seq, Some(two.seq));
    john.has_read(&general, two.seq.0 + 100).await;
    assert_eq!(john.room("general").await.read_seq, Some(two.seq));
    his.says("three").in_room(&general).await;
    assert_eq!(john.room("general").await.unread, Some(1), "what came later is still unread");
}

#[tokio::test]
async fn a_room_begins_read_for_who_joins_it() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let room = carlos.creates_room("Old", "public").await;
    let mut his = carlos.connects().await;
    for n in 0..5 {
        his.says(format!("before {n}")).in_room(&room).await;
    }
    john.joins(&room).await;
    let joined = john.room("Old").await;
    assert_eq!((joined.unread, joined.read_seq), (Some(0), joined.last_seq));
}
