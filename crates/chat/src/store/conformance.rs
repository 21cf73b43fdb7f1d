//! What every store promises, as tests that each adapter passes: `conformance!(open)` makes one test of each.

pub(crate) mod commands;
pub(crate) mod log;
pub(crate) mod people;
pub(crate) mod rooms;

use std::sync::Arc;

use parlor_protocol::{
    auth::Person,
    http::RoomKind,
    ids::{MessageId, PersonId, RoomId, Seq},
    names::{Name, Username},
    text::Text,
};

use super::{Opened, Room, Store};
use crate::log::entry::{Append, Appended};

/// Makes a test of each promise. `$open` gives a fresh store, and whatever must live as long as it does.
macro_rules! conformance {
    ($open:expr) => {
        conformance!($open =>
            log: numbers_have_no_gaps_and_each_id_counts_once
            log: a_batch_may_repeat_itself
            log: only_members_write
            log: ids_of_others_are_taken
            log: parallel_batches_share_no_number
            log: entries_come_in_their_present_state
            log: pages_are_cut_exactly
            log: only_the_author_changes_a_message
            log: a_long_run_is_kept_whole
            rooms: public_names_are_unique_when_folded
            rooms: a_direct_room_is_one_for_both
            rooms: joining_and_leaving_happen_once
            rooms: an_owner_who_leaves_is_followed_by_the_oldest_member
            rooms: a_stranger_sees_public_rooms_only
            rooms: unread_counts_what_others_said
            rooms: reading_never_goes_back
            people: people_are_remembered_under_their_present_name
            people: revocations_and_the_position_last
            commands: a_command_is_held_by_one_bot_while_its_lease_lasts
            commands: an_invocation_is_recorded_once
            commands: the_first_outcome_is_the_only_one
            commands: a_bots_message_is_the_outcome_in_the_same_moment
            commands: overdue_ones_are_found_and_old_ones_forgotten
        );
    };
    ($open:expr => $($group:ident : $name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (store, _alive) = $open.await;
                crate::store::conformance::$group::$name(store).await;
            }
        )*
    };
}
pub(crate) use conformance;

pub(crate) fn person(username: &str) -> Person {
    let name = username[..1].to_uppercase() + &username[1..];
    Person { id: PersonId::new(), username: Username::parse(username).unwrap(), name: Name::parse(&name).unwrap() }
}

pub(crate) fn text(text: &str) -> Text {
    Text::parse(text.to_owned()).unwrap()
}

/// A room with these members, who are known.
pub(crate) async fn room_of(store: &Arc<dyn Store>, kind: RoomKind, people: &[&Person]) -> RoomId {
    let known: Vec<_> = people.iter().map(|person| ((*person).clone(), true)).collect();
    store.save_people(&known).await.unwrap();
    let room = Room::new(RoomId::new(), &Name::parse(&RoomId::new().to_string()).unwrap(), kind);
    let founders: Vec<_> = people.iter().map(|person| person.id).collect();
    assert!(matches!(store.create_room(&room, &founders).await.unwrap(), Opened::Created(_)));
    room.id
}

pub(crate) fn post(room: RoomId, author: &Person, said: &str) -> Append {
    Append::message(MessageId::new(), room, author.clone(), text(said))
}

pub(crate) async fn one(store: &Arc<dyn Store>, append: Append) -> Appended {
    store.append(&[append]).await.unwrap().remove(0)
}

/// Stores it and tells its number.
pub(crate) async fn seq(store: &Arc<dyn Store>, append: Append) -> Seq {
    match one(store, append).await {
        Appended::Stored(entry) => entry.seq,
        other => panic!("not stored: {other:?}"),
    }
}
