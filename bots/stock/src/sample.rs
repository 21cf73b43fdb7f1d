//! A bundled sample, so that a demo without a network shows something. It never passes for a quote of today: its text
//! says what it is.

use crate::quote::{Price, Quote, Source, Symbol};

/// The day whose closing prices these are.
pub const DATE: &str = "2023-05-26";

const PRICES: [(&str, &str); 8] = [
    ("aapl", "175.43"),
    ("amd", "127.03"),
    ("amzn", "120.11"),
    ("googl", "124.61"),
    ("meta", "262.04"),
    ("msft", "332.89"),
    ("nvda", "389.46"),
    ("tsla", "193.17"),
];

/// The sample for a well-known American share, with its suffix or without.
#[must_use]
pub fn quote(symbol: &Symbol) -> Option<Quote> {
    let share = symbol.as_str().strip_suffix(".us").unwrap_or(symbol.as_str());
    let (_, price) = PRICES.iter().find(|(known, _)| *known == share)?;
    Some(Quote {
        symbol: symbol.clone(),
        price: Price::parse(price).ok()?,
        currency: None,
        source: Source::Sample { date: DATE },
        as_of: Some(DATE.to_owned()),
        figures: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_plainly_that_it_is_a_sample_and_of_which_day() {
        for (share, _) in PRICES {
            let quote = quote(&Symbol::parse(&format!("{share}.us")).unwrap()).unwrap();
            assert!(quote.text().contains("sample of 2023-05-26"), "{}", quote.text());
        }
        assert!(quote(&Symbol::parse("AAPL").unwrap()).is_some());
        assert!(quote(&Symbol::parse("sap.de").unwrap()).is_none());
    }
}
