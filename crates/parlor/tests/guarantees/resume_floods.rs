//! Asking again and again for what was missed is refused after a while, with the time to wait; coming back as a client
//! does never is.

use std::collections::BTreeMap;

use parlor_protocol::{error::ErrorCode, socket::ServerFrame};
use parlor_testing::{Parlor, Setup, Tab};
use serde_json::json;

/// Asks for 500 rooms; the time to wait, if that is refused.
async fn asks_for_500(tab: &mut Tab) -> Option<u64> {
    let rooms: BTreeMap<_, _> = (0..500).map(|n| (format!("room {n:03}"), 0)).collect();
    tab.sends_json(json!({"type": "resume", "rooms": rooms})).await;
    tab.hears("the last room's answer or a refusal", |frame| match frame {
        ServerFrame::RoomGone { room } if room == "room 499" => Some(None),
        ServerFrame::Error { id, code, retry_after_ms, .. } => {
            assert_eq!((id, *code), (&None, ErrorCode::RateLimited));
            Some(Some(retry_after_ms.unwrap()))
        }
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_loop_is_refused_on_all_sockets_of_the_person_and_of_nobody_else() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut johns = john.connects().await;
    let mut refused = None;
    let mut tabs = Vec::new();
    'tabs: for _ in 0..5 {
        let mut tab = carlos.connects().await;
        for _ in 0..10 {
            refused = asks_for_500(&mut tab).await;
            if refused.is_some() {
                tabs.push(tab);
                break 'tabs;
            }
        }
        tabs.push(tab);
    }
    assert!(tabs.len() > 2, "twenty tabs of 500 rooms come back at once");
    let wait = refused.expect("a refusal before 25,000 rooms");
    assert!((1..=60_000).contains(&wait), "{wait}");
    assert!(asks_for_500(&mut tabs[0]).await.is_some());
    // The socket is open, messages have a budget of their own, and others theirs.
    let general = tabs[0].room("general").clone();
    tabs[0].says("not silenced").in_room(&general).await;
    assert_eq!(asks_for_500(&mut johns).await, None);
}

#[tokio::test]
async fn coming_back_again_and_again_in_one_frame_or_many_is_no_loop() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut first = carlos.connects().await;
    let general = first.room("general").clone();
    let mut seq = 0;
    for n in 0..100 {
        seq = first.says(format!("missed {n}")).in_room(&general).await.seq.0;
    }
    for _ in 0..10 {
        let mut tab = carlos.connects().await;
        assert_eq!(asks_for_500(&mut tab).await, None);
        for _ in 0..100 {
            tab.resumes(&[(&general, seq - 1)]).await;
        }
        for _ in 0..100 {
            tab.hears("resumed", |frame| match frame {
                ServerFrame::Resumed { .. } => Some(()),
                ServerFrame::Error { code, .. } => panic!("{code:?}"),
                _ => None,
            })
            .await;
        }
    }
}

#[tokio::test]
async fn where_messages_have_no_limit_neither_has_this() {
    let parlor = Setup::demo().set("PARLOR_MESSAGE_RATE", "0").starts().await;
    let mut tab = parlor.log_in("carlos").await.connects().await;
    for _ in 0..25 {
        assert_eq!(asks_for_500(&mut tab).await, None);
    }
}
