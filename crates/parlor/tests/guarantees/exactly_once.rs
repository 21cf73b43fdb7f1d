//! S9: a message is stored, then delivered exactly once to every open tab of every member, the sender's included.

use parlor_protocol::{error::ErrorCode, ids::MessageId, socket::ServerFrame};
use parlor_testing::{Parlor, Tab, tab::entry};

fn texts(frames: &[ServerFrame]) -> Vec<String> {
    let texts = frames.iter().filter_map(|frame| match frame {
        ServerFrame::Message(message) => Some(message.text.clone()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn every_tab_of_every_member_hears_each_message_once_and_in_order() {
    let parlor = Parlor::starts().await;
    let (carlos, john, gerard) =
        (parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await);
    let mut tabs = Vec::new();
    for person in [&carlos, &carlos, &john, &john, &gerard] {
        tabs.push(person.connects().await);
    }
    let general = tabs[0].room("general").clone();
    let said: Vec<String> = (0..30).map(|n| format!("message {n}")).collect();
    for text in &said {
        tabs[0].says(text).in_room(&general).await;
    }
    for tab in &mut tabs {
        let mut heard = vec![ServerFrame::Message(tab.hears_message("message 29").await)];
        heard.splice(0..0, tab.all_so_far().await);
        assert_eq!(texts(&heard), said);
        let numbers: Vec<u64> = heard.iter().filter_map(|frame| entry(frame, &general)).map(|seq| seq.0).collect();
        let first = general.last_seq.unwrap().0 + 1;
        assert_eq!(numbers, (first..first + 30).collect::<Vec<_>>(), "no gap and no repeat");
    }
}

#[tokio::test]
async fn what_is_heard_is_what_is_stored() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    let text = "Grüße, 世界 👩‍👩‍👧 \u{202e}\t<b>&amp;\n\"quoted\"  two spaces";
    let said = his.says(text).in_room(&general).await;
    let heard = johns.hears_message(text).await;
    assert_eq!((heard.id, heard.seq, heard.room), (said.id, said.seq, general.id));
    assert_eq!((heard.edited, heard.deleted, heard.command_id), (None, false, None));
    assert_eq!(john.history(&general, "limit=1").await.messages, [heard]);
}

#[tokio::test]
async fn an_ack_is_sent_to_the_sender_alone() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let (mut sender, mut other_tab) = (carlos.connects().await, carlos.connects().await);
    let general = sender.room("general").clone();
    sender.says("hi").in_room(&general).await;
    sender.hears_message("hi").await;
    other_tab.hears_message("hi").await;
    assert!(other_tab.all_so_far().await.is_empty());
    assert!(sender.all_so_far().await.is_empty());
}

#[tokio::test]
async fn the_same_id_again_gets_the_first_ack_and_stores_nothing() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut his, mut his_other, mut johns) = (carlos.connects().await, carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    let first = his.says("once").in_room(&general).await;
    his.says("something else").in_room(&general).await;
    for tab in [&mut his, &mut his_other] {
        for text in ["once", "another text"] {
            assert_eq!(tab.says_as(first.id, text).in_room(&general).await, first);
        }
    }
    // The last word is heard by all, and nothing came between.
    his.says("last").in_room(&general).await;
    for tab in [&mut his, &mut his_other, &mut johns] {
        tab.hears_message("last").await;
        assert_eq!(texts(&tab.all_so_far().await), ["once", "something else"]);
    }
    assert_eq!(john.reads(&general).await, ["once", "something else", "last"]);
}

#[tokio::test]
async fn a_known_id_of_somebody_else_or_in_another_room_is_taken() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let other = carlos.creates_room("other", "public").await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    let said = his.says("mine").in_room(&general).await;
    assert_eq!(johns.says_as(said.id, "mine").is_refused_in(&general.id.to_string()).await, ErrorCode::IdTaken);
    assert_eq!(his.says_as(said.id, "mine").is_refused_in(&other.id.to_string()).await, ErrorCode::IdTaken);
    his.commands_as(said.id, "/help", &general).await;
    assert_eq!(his.hears_outcome(said.id).await.error().0, ErrorCode::IdTaken);
    let command = his.commands("/help", &general).await;
    his.hears_outcome(command).await.answer();
    assert_eq!(his.says_as(command, "mine").is_refused_in(&general.id.to_string()).await, ErrorCode::IdTaken);
    johns.commands_as(command, "/help", &general).await;
    assert_eq!(johns.hears_outcome(command).await.error().0, ErrorCode::IdTaken);
    assert_eq!(carlos.reads(&general).await, ["mine"]);
    assert!(carlos.reads(&other).await.is_empty());
}

#[tokio::test]
async fn ids_sent_at_once_from_two_tabs_are_stored_once() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let (mut one, mut two) = (carlos.connects().await, carlos.connects().await);
    let general = one.room("general").clone();
    let ids: Vec<MessageId> = (0..40).map(|_| MessageId::new()).collect();
    let send_all = async |tab: &mut Tab| {
        let mut said = Vec::new();
        for id in &ids {
            said.push(tab.says_as(*id, format!("text of {id}")).in_room(&general).await);
        }
        said
    };
    let (by_one, by_two) = tokio::join!(send_all(&mut one), send_all(&mut two));
    assert_eq!(by_one, by_two);
    assert_eq!(carlos.reads(&general).await.len(), ids.len());
}

#[tokio::test]
async fn many_senders_at_once_agree_on_one_order_without_gaps() {
    let parlor = Parlor::starts().await;
    let mut tabs = Vec::new();
    for name in ["carlos", "john", "gerard", "carlos"] {
        tabs.push(parlor.log_in(name).await.connects().await);
    }
    let general = tabs[0].room("general").clone();
    let first = general.last_seq.unwrap().0 + 1;
    let chatter: Vec<_> = tabs
        .into_iter()
        .enumerate()
        .map(|(who, mut tab)| {
            let general = general.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    tab.says(format!("{who} says {n}")).in_room(&general).await;
                }
                tab
            })
        })
        .collect();
    let mut orders = Vec::new();
    for talking in chatter {
        let mut tab = talking.await.unwrap();
        let mut order = Vec::new();
        while order.len() < 100 {
            let frame = tab.next().await;
            order.extend(entry(&frame, &general).map(|seq| (seq.0, texts(&[frame]))));
        }
        let numbers: Vec<u64> = order.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, (first..first + 100).collect::<Vec<_>>());
        orders.push(order);
    }
    assert!(orders.windows(2).all(|pair| pair[0] == pair[1]));
}
