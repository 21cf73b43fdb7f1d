//! The example does what the README says, and the README shows this example.

use parlor_bot::{Outcome, testing::Chat};

#[tokio::test]
async fn it_chooses() {
    let mut chat = Chat::open().await;
    chat.admit(choosing_bot::bot(), "one").await;
    let outcome = chat.ask("/choose tea coffee").await;
    assert_eq!(outcome, Ok(Outcome::Message { text: "coffee. It is the longest.".into(), details: None }));
    chat.close().await;
}

#[test]
fn the_readme_shows_it() {
    let example = include_str!("../src/lib.rs");
    let (_, code) = example.split_once("\n\n").expect("the head, then the code");
    assert!(include_str!("../../../README.md").contains(code), "README.md shows other code than this:\n{code}");
}
