//! Many askers, few requests: one fetch for all who ask at once, a short memory, several replicas.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use crate::provider::{Behaviour, Fake, nobody, quote};
use parlor_bot::{Outcome, testing::Chat};
use parlor_stock::{
    Config, bot, bot_over,
    desk::Desk,
    provider::{Provider, stooq::Stooq, yahoo::Yahoo},
};
use tokio::sync::Notify;
use url::Url;

fn config(provider: &Fake) -> Config {
    Config { stock_url: Some(provider.base()), ..Config::default() }
}

fn at(base: &str) -> Url {
    Url::parse(base).expect("an address")
}

#[tokio::test]
async fn a_hundred_who_ask_at_once_are_one_request() {
    let go = Arc::new(Notify::new());
    let provider = Fake::start(Behaviour::Waiting(go.clone())).await;
    let mut chat = Chat::open().await;
    // As many hands as askers, so that none waits for another's answer.
    chat.admit(bot(config(&provider)).unwrap().at_once(100), "one").await;
    for _ in 0..100 {
        chat.send(&chat.invocation("/stock aapl.us", Duration::from_secs(9)).unwrap()).await;
    }
    provider.asked().await;
    // Whoever comes now finds the quote on its way or kept.
    go.notify_one();
    let mut answered = BTreeSet::new();
    for _ in 0..100 {
        let answer = chat.answer().await;
        assert!(matches!(&answer.outcome, Outcome::Message { text, .. } if text.contains("$175.43")));
        answered.insert(answer.id);
    }
    assert_eq!((answered.len(), provider.requests()), (100, 1));
    chat.close().await;
}

#[tokio::test]
async fn other_shares_are_other_requests() {
    let provider = Fake::start(quote()).await;
    let mut chat = Chat::open().await;
    chat.admit(bot(config(&provider)).unwrap(), "one").await;
    for line in ["/stock aapl.us", "/stock msft.us", "/stock aapl.us", "/stock msft.us"] {
        assert!(chat.ask(line).await.is_ok());
    }
    assert_eq!(provider.requests(), 2);
    chat.close().await;
}

#[tokio::test]
async fn without_a_memory_each_question_is_asked() {
    let provider = Fake::start(quote()).await;
    let mut chat = Chat::open().await;
    let config = Config { cache_for: Duration::ZERO, ..config(&provider) };
    chat.admit(bot(config).expect("settings"), "one").await;
    for _ in 0..3 {
        assert!(chat.ask("/stock aapl.us").await.is_ok());
    }
    assert_eq!(provider.requests(), 3);
    chat.close().await;
}

#[tokio::test]
async fn with_two_replicas_every_command_has_one_answer() {
    let provider = Fake::start(quote()).await;
    let mut chat = Chat::open().await;
    for replica in ["one", "two"] {
        chat.admit(bot(config(&provider)).unwrap(), replica).await;
    }
    let mut open = BTreeSet::new();
    for n in 0..200 {
        let invocation = chat.invocation(&format!("/stock s{}.us", n % 10), Duration::from_secs(9)).unwrap();
        chat.send(&invocation).await;
        open.insert(invocation.id);
    }
    let mut replicas = BTreeSet::new();
    for _ in 0..200 {
        let answer = chat.answer().await;
        assert!(open.remove(&answer.id), "a second answer");
        replicas.insert(answer.replica);
    }
    assert!(open.is_empty());
    assert_eq!(replicas.len(), 2);
    assert!(provider.requests() <= 20, "{} requests for 10 shares at 2 replicas", provider.requests());
    chat.close().await;
}

#[tokio::test]
async fn the_second_provider_answers_when_the_first_cannot_and_is_named() {
    let yahoo = Fake::start(Behaviour::Body(
        r#"{"chart":{"result":[{"meta":{"currency":"USD","regularMarketPrice":175.4}}],"error":null}}"#.into(),
    ))
    .await;
    let providers: Vec<Arc<dyn Provider>> =
        vec![Arc::new(Stooq::new(at(&nobody().await))), Arc::new(Yahoo::new(at(&yahoo.base())))];
    let mut chat = Chat::open().await;
    chat.admit(bot_over(Desk::new(providers, true), Duration::ZERO), "one").await;
    let outcome = chat.ask("/stock aapl.us").await.unwrap();
    let Outcome::Message { text, details: Some(details) } = outcome else { panic!("{outcome:?}") };
    assert_eq!((text.as_str(), details.source.as_deref()), ("AAPL.US quote is $175.40 per share", Some("yahoo")));
    assert_eq!(yahoo.last(), "/v8/finance/chart/AAPL?range=1d&interval=1d");
    yahoo.behave(Behaviour::Status(404));
    let Outcome::Error { message, .. } = chat.ask("/stock aapl.us").await.unwrap() else { panic!("an answer") };
    assert_eq!(message, "The quote provider stooq cannot be reached.");
    chat.close().await;
}

#[tokio::test]
async fn in_demo_mode_without_a_network_a_sample_answers_and_says_so() {
    let nobody: Arc<dyn Provider> = Arc::new(Stooq::new(at(&nobody().await)));
    let mut chat = Chat::open().await;
    chat.admit(bot_over(Desk::new(vec![nobody], true), Duration::ZERO), "one").await;
    let outcome = chat.ask("/stock aapl.us").await.unwrap();
    let Outcome::Message { text, details: Some(details) } = outcome else { panic!("{outcome:?}") };
    assert!(text.starts_with("AAPL.US quote is $175.43 per share (a bundled sample of 2023-05-26"), "{text}");
    assert_eq!((details.source.as_deref(), details.as_of.as_deref()), (Some("sample"), Some("2023-05-26")));
    let Outcome::Error { message, .. } = chat.ask("/stock sap.de").await.unwrap() else { panic!("an answer") };
    assert_eq!(message, "The quote provider stooq cannot be reached.");
    chat.close().await;
}
