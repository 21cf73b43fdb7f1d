//! Whatever a provider does, the asker gets a quote or one clear error.

use std::time::Duration;

use crate::provider::{Behaviour, Fake, nobody, quote, row, says};
use parlor_bot::{Outcome, testing::Chat};
use parlor_protocol::error::ErrorCode;
use parlor_stock::{Config, bot};

async fn chat_with(base: String) -> Chat {
    let mut chat = Chat::open().await;
    let config = Config { stock_url: Some(base), demo: true, ..Config::default() };
    chat.admit(bot(config).expect("settings"), "one").await;
    chat
}

async fn failure(chat: &mut Chat) -> String {
    match chat.ask("/stock aapl.us").await.expect("a valid line") {
        Outcome::Error { code: ErrorCode::CommandFailed, message } => message,
        other => panic!("{other:?}"),
    }
}

async fn failure_at(base: String) -> String {
    let mut chat = chat_with(base).await;
    let message = failure(&mut chat).await;
    chat.close().await;
    message
}

#[tokio::test]
async fn a_quote_comes_with_its_details_by_either_spelling() {
    let provider = Fake::start(quote()).await;
    let mut chat = chat_with(provider.base()).await;
    for line in ["/stock=aapl.us", "/stock aapl.us", "/stock AAPL.US"] {
        let Outcome::Message { text, details: Some(details) } = chat.ask(line).await.unwrap() else { panic!("{line}") };
        assert_eq!(text, "AAPL.US quote is $175.43 per share");
        assert_eq!(details.source.as_deref(), Some("stooq"));
        assert_eq!(details.as_of.as_deref(), Some("2023-05-26 22:00:09"));
        let facts: Vec<_> = details.facts.iter().map(|fact| (fact.label.as_str(), fact.value.as_str())).collect();
        assert_eq!(facts, [("Open", "173.32"), ("High", "175.77"), ("Low", "173.11"), ("Volume", "54834975")]);
    }
    assert_eq!(provider.requests(), 1, "they are one share");
    assert_eq!(provider.last(), "/q/l/?s=aapl.us&f=sd2t2ohlcv&h&e=csv");
    chat.close().await;
}

#[tokio::test]
async fn a_strange_symbol_is_encoded() {
    let provider = Fake::start(quote()).await;
    let mut chat = chat_with(format!("{}/some/where/", provider.base())).await;
    assert!(matches!(chat.ask("/stock ^SPX").await, Ok(Outcome::Message { .. })));
    assert_eq!(provider.last(), "/some/where/q/l/?s=%5Espx&f=sd2t2ohlcv&h&e=csv");
    chat.close().await;
}

#[tokio::test]
async fn a_bad_symbol_never_reaches_the_provider() {
    let provider = Fake::start(quote()).await;
    let mut chat = chat_with(provider.base()).await;
    for line in ["/stock", "/stock a&b", "/stock aapl.us msft.us", "/stock aaaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(chat.ask(line).await.unwrap_err().code, ErrorCode::InvalidArguments, "{line}");
    }
    // Nor if somebody goes round the chat.
    for symbol in ["../x", "a&b=c", "", "aaaaaaaaaaaaaaaaaaaaa"] {
        let mut invocation = chat.invocation("/stock aapl", Duration::from_secs(9)).unwrap();
        invocation.arguments.insert("symbol".into(), symbol.into());
        chat.send(&invocation).await;
        let outcome = chat.answer().await.outcome;
        assert!(matches!(outcome, Outcome::Error { code: ErrorCode::InvalidArguments, .. }), "{outcome:?}");
    }
    assert_eq!(provider.requests(), 0);
    chat.close().await;
}

#[tokio::test]
async fn each_fault_has_words_of_its_own_and_none_outlasts_its_cause() {
    let provider = Fake::start(quote()).await;
    let mut chat = chat_with(provider.base()).await;
    let body = |text: &str| Behaviour::Body(text.to_owned());
    let faults = [
        (row("AAPL.US,N/D,N/D,N/D,N/D,N/D,N/D,N/D"), "There is no quote for AAPL.US: the symbol is unknown."),
        (Behaviour::Html, "The quote provider stooq answered with a web page in place of a quote."),
        (
            body("<html><body>wait</body></html>"),
            "The quote provider stooq answered with a web page in place of a quote.",
        ),
        (Behaviour::Status(429), "The quote provider stooq limits how often it answers; try again later."),
        (
            body("Exceeded the daily hits limit"),
            "The quote provider stooq limits how often it answers; try again later.",
        ),
        (body("Get your apikey:"), "The quote provider stooq answers only with a key."),
        (Behaviour::Status(500), "The quote provider stooq answered with the error status 500."),
        (Behaviour::Status(404), "The quote provider stooq answered with the error status 404."),
        (body(""), "The quote provider stooq answered with something that is no quote."),
        (body("a,b\n1,2\n"), "The quote provider stooq answered with something that is no quote."),
        (Behaviour::Compressed, "The quote provider stooq answered with something that is no quote."),
        (
            row("AAPL.US,2023-05-26,22:00:09,1,1,1,-175.43,1"),
            "The quote provider stooq named a price that makes no sense.",
        ),
        (Behaviour::Endless, "The quote provider stooq answered with more than a quote can be."),
        (Behaviour::Redirecting("http://127.0.0.1:9/".into()), "The quote provider stooq points to another address."),
        (Behaviour::Redirecting("/again".into()), "The quote provider stooq points to another address."),
    ];
    for (behaviour, words) in faults {
        provider.behave(behaviour);
        assert_eq!(failure(&mut chat).await, words);
    }
    provider.behave(quote());
    assert!(matches!(chat.ask("/stock aapl.us").await, Ok(Outcome::Message { .. })));
    chat.close().await;
}

#[tokio::test]
async fn a_provider_that_is_down_says_so_and_no_sample_stands_in() {
    assert_eq!(failure_at(nobody().await).await, "The quote provider stooq cannot be reached.");
}

#[tokio::test]
async fn a_provider_that_breaks_off_says_so() {
    let cut_short = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nSymbol,Date";
    for said in [cut_short.as_slice(), b"", b"\x16\x03\x01 what", b"HTTP/1.1 200"] {
        let (base, server) = says(said).await;
        assert_eq!(failure_at(base).await, "The quote provider stooq broke off in the middle of its answer.");
        server.abort();
    }
}

#[tokio::test]
async fn a_slow_provider_is_given_up_before_the_deadline() {
    for behaviour in [Behaviour::Silent, Behaviour::Trickling] {
        let provider = Fake::start(behaviour).await;
        let mut chat = chat_with(provider.base()).await;
        chat.send(&chat.invocation("/stock aapl.us", Duration::from_millis(1_500)).unwrap()).await;
        let Outcome::Error { code, message } = chat.answer().await.outcome else { panic!("an answer") };
        assert_eq!(code, ErrorCode::CommandFailed);
        assert_eq!(message, "The quote provider stooq did not answer in time.");
        chat.close().await;
    }
}

#[tokio::test]
async fn a_redirect_is_followed_within_the_provider_only() {
    let (provider, elsewhere) = (Fake::start(Behaviour::Moved).await, Fake::start(quote()).await);
    let mut chat = chat_with(provider.base()).await;
    assert!(matches!(chat.ask("/stock aapl.us").await, Ok(Outcome::Message { .. })));
    provider.behave(Behaviour::Redirecting(elsewhere.base()));
    let Ok(Outcome::Error { message, .. }) = chat.ask("/stock msft.us").await else { panic!("an answer") };
    assert_eq!(message, "The quote provider stooq points to another address.");
    assert_eq!(elsewhere.requests(), 0);
    chat.close().await;
}
