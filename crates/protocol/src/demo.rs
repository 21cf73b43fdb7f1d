//! The people of demo mode. Their ids are fixed, so that every service can seed them without asking another.

use uuid::Uuid;

use crate::{
    auth::Person,
    ids::PersonId,
    names::{Name, Username},
};

/// The password of every one of them.
pub const PASSWORD: &str = "1234";

/// The three that always exist in demo mode.
pub const NAMES: [&str; 3] = ["carlos", "john", "gerard"];

/// More than this many are refused at start.
pub const MOST_MORE_PEOPLE: u32 = 100_000;

const FIRST_ID: u128 = 0x0000_0000_0000_7000_8000_0000_0000_0001;

/// The three, and `more` others named `demo0001` and so on.
pub fn people(more: u32) -> impl Iterator<Item = Person> {
    let named = NAMES.iter().map(|name| (*name).to_owned());
    let numbered = (1..=more).map(|n| format!("demo{n:04}"));
    named.chain(numbered).zip(FIRST_ID..).map(|(username, id)| {
        let mut name = username.clone();
        name[..1].make_ascii_uppercase();
        Person {
            id: PersonId::from_uuid(Uuid::from_u128(id)),
            username: Username::parse(&username).expect("demo usernames are well formed"),
            name: Name::parse(&name).expect("demo names are well formed"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_keeps_an_id_however_many_there_are() {
        let three: Vec<_> = people(0).collect();
        let many: Vec<_> = people(1_200).collect();
        assert_eq!(three[..], many[..3]);
        assert_eq!(many[3].username.as_str(), "demo0001");
        assert_eq!(many[1_202].username.as_str(), "demo1200");
        assert_eq!(many[0].name.as_str(), "Carlos");
    }
}
