//! What quote providers answer.

use parlor_protocol::{text::Text, time::Timestamp};
use parlor_stock::{
    provider::{Fault, stooq::Stooq, yahoo::Yahoo},
    quote::{Price, Quote, Symbol},
};

/// Whatever stooq answers is a fault or a quote that can be shown.
pub fn stooq(body: &[u8]) {
    shows(Stooq::read(&symbol(), body));
}

/// Whatever Yahoo answers is a fault or a quote that can be shown, of a moment that there is.
pub fn yahoo(body: &[u8]) {
    if let Some(as_of) = shows(Yahoo::read(&symbol(), body)).and_then(|quote| quote.as_of) {
        assert!(as_of.parse::<Timestamp>().is_ok(), "{as_of}");
    }
}

fn symbol() -> Symbol {
    Symbol::parse("aapl.us").expect("a symbol")
}

fn shows(read: Result<Quote, Fault>) -> Option<Quote> {
    let quote = read.ok()?;
    let text = quote.text();
    assert!(text.starts_with("AAPL.US quote is ") && is_a_note(&text), "{text}");
    assert!(Text::parse(text).is_ok());
    assert_eq!(Price::parse(quote.price.as_str()).as_ref(), Ok(&quote.price));
    assert!(quote.as_of.as_deref().is_none_or(is_a_note));
    assert!(quote.figures.len() <= 4 && quote.figures.iter().all(|(_, value)| is_a_note(value)));
    Some(quote)
}

/// One short line.
fn is_a_note(text: &str) -> bool {
    !text.is_empty() && text.len() < 100 && !text.contains(char::is_control)
}
