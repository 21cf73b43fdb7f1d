//! S14: quotes from a real provider, and for each of its faults a clear error of its own.

use std::collections::BTreeMap;

use parlor_protocol::error::ErrorCode;
use parlor_testing::{Mood, Parlor, Quotes, Setup, Tab};

async fn asking(quotes: &Quotes) -> (Parlor, Tab) {
    let parlor = Setup::demo().quotes_from(quotes).set("PARLOR_COMMAND_TIMEOUT", "3s").starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    let tab = carlos.connects().await;
    (parlor, tab)
}

#[tokio::test]
async fn both_spellings_bring_the_same_quote() {
    let quotes = Quotes::start().await;
    let (_parlor, mut tab) = asking(&quotes).await;
    let general = tab.room("general").clone();
    for line in ["/stock=aapl.us", "/stock aapl.us", "/stock=AAPL.US", "  /STOCK  aapl.us "] {
        let message = tab.asks(line, &general).await.message();
        assert_eq!(message.text, "AAPL.US quote is $175.43 per share", "{line}");
        assert_eq!(message.author.name, "Stock");
        let details = message.details.expect("where it comes from");
        assert!(details.source.is_some_and(|source| !source.is_empty()));
        assert!(details.as_of.is_some_and(|time| time.contains("2025-11-24")));
    }
}

#[tokio::test]
async fn a_price_has_two_decimals_or_more_and_a_currency_where_it_is_known() {
    let quotes = Quotes::start().await;
    let (_parlor, mut tab) = asking(&quotes).await;
    let general = tab.room("general").clone();
    for (symbol, given, text) in [
        ("a.us", "175", "A.US quote is $175.00 per share"),
        ("b.us", "175.4", "B.US quote is $175.40 per share"),
        ("c.us", "0.0042", "C.US quote is $0.0042 per share"),
        ("d.us", "1234567.891", "D.US quote is $1234567.891 per share"),
        ("bmw.de", "90.1", "BMW.DE quote is 90.10 per share"),
        ("^spx", "6000.5", "^SPX quote is $6000.50 per share"),
        ("brk-b.us", "500", "BRK-B.US quote is $500.00 per share"),
    ] {
        quotes.price(symbol, given);
        assert_eq!(tab.asks(&format!("/stock {symbol}"), &general).await.message().text, text);
    }
    let asked: Vec<_> = quotes.asked().iter().map(|symbol| symbol.to_lowercase()).collect();
    assert_eq!(asked, ["a.us", "b.us", "c.us", "d.us", "bmw.de", "^spx", "brk-b.us"], "as they were written");
}

#[tokio::test]
async fn every_fault_of_the_provider_has_a_clear_error_of_its_own() {
    let mut texts = BTreeMap::new();
    for mood in [Mood::Silent, Mood::Html, Mood::Limiting, Mood::Broken, Mood::Garbled, Mood::Endless, Mood::Down] {
        let quotes = Quotes::start().await;
        let (parlor, mut tab) = asking(&quotes).await;
        let general = tab.room("general").clone();
        quotes.feels(mood).await;
        let (code, text) = tab.asks("/stock aapl.us", &general).await.error();
        assert_eq!(code, ErrorCode::CommandFailed, "{mood:?}: {text}");
        assert!(text.len() > 15 && !text.contains("reqwest") && !text.contains("127.0.0.1"), "{mood:?}: {text}");
        assert!(parlor.log_in("john").await.reads(&general).await.is_empty(), "{mood:?}");
        texts.insert(format!("{mood:?}"), text);
    }
    // Down, slow, no CSV, and limiting are four things to a person.
    let distinct: Vec<_> = ["Down", "Silent", "Html", "Limiting"].iter().map(|mood| &texts[*mood]).collect();
    for (at, text) in distinct.iter().enumerate() {
        assert!(!distinct[..at].contains(text), "{texts:#?}");
    }
}

#[tokio::test]
async fn an_unknown_symbol_is_named_in_the_error() {
    let quotes = Quotes::start().await;
    let (_parlor, mut tab) = asking(&quotes).await;
    let general = tab.room("general").clone();
    let (code, text) = tab.asks("/stock nosuch.us", &general).await.error();
    assert_eq!(code, ErrorCode::CommandFailed);
    assert!(text.to_uppercase().contains("NOSUCH.US"), "{text}");
}

#[tokio::test]
async fn many_who_ask_at_once_cost_the_provider_one_question() {
    let quotes = Quotes::start().await;
    let parlor = Setup::demo().quotes_from(&quotes).starts().await;
    parlor.log_in("carlos").await.can_use("stock").await;
    quotes.feels(Mood::Silent).await;
    let mut asking = Vec::new();
    for name in ["carlos", "john", "gerard"] {
        let mut tab = parlor.log_in(name).await.connects().await;
        let general = tab.room("general").clone();
        let id = tab.commands("/stock aapl.us", &general).await;
        tab.hears_accepted(id).await;
        asking.push((tab, id));
    }
    quotes.is_asked(1).await;
    quotes.feels(Mood::Well).await;
    for (tab, id) in &mut asking {
        assert_eq!(tab.hears_outcome(*id).await.message().text, "AAPL.US quote is $175.43 per share");
    }
    assert_eq!(quotes.asked().len(), 1);
}
