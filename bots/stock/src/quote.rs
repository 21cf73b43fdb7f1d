//! Symbols, prices, and the sentence that people read. Where a quote comes from is not known here.

use std::fmt;

use parlor_bot::Reply;

/// A share's symbol: letters, digits, `.`, `-` and `^`, at most 20. It is the same in capitals and in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Symbol(String);

/// The text is no symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A symbol has 1 to {} letters, digits, dots, hyphens and carets.", Symbol::MAX_LENGTH)]
pub struct NotASymbol;

impl Symbol {
    /// What a word must match, for the command's manifest.
    pub const PATTERN: &str = "[A-Za-z0-9.^-]+";
    pub const MAX_LENGTH: u32 = 20;

    /// # Errors
    /// [`NotASymbol`]
    pub fn parse(text: &str) -> Result<Self, NotASymbol> {
        let fits = (1..=Self::MAX_LENGTH as usize).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'^'));
        if fits && plain { Ok(Self(text.to_ascii_lowercase())) } else { Err(NotASymbol) }
    }
    /// In small letters, as it travels.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// What stands behind the last dot: the exchange.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(_, suffix)| suffix)
    }
    fn is_american(&self) -> bool {
        matches!(self.suffix(), None | Some("us"))
    }
}
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_ascii_uppercase())
    }
}

/// A price as its source wrote it, with at least two decimals. It is never reckoned with, so no digit is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price(String);

/// The text is no price that something can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no price")]
pub struct NotAPrice;

impl Price {
    /// # Errors
    /// [`NotAPrice`] unless it is a plain decimal number above zero, of a length that a price can have.
    pub fn parse(text: &str) -> Result<Self, NotAPrice> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || whole.len() > 12 || decimals.len() > 16 {
            return Err(NotAPrice);
        }
        if whole.bytes().chain(decimals.bytes()).all(|b| b == b'0') {
            return Err(NotAPrice);
        }
        let whole = match whole.trim_start_matches('0') {
            "" => "0",
            whole => whole,
        };
        Ok(Self(format!("{whole}.{decimals:0<2}")))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A currency's code, e.g. `EUR`; `GBp` is a hundredth of `GBP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency(String);

impl Currency {
    /// `None` if it is no code of three letters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic());
        code.then(|| Self(text.to_owned()))
    }
}

/// What a share costs, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub symbol: Symbol,
    pub price: Price,
    /// As the source names it.
    pub currency: Option<Currency>,
    pub source: Source,
    /// The moment it speaks of, as the source words it.
    pub as_of: Option<String>,
    /// Open, High, Low, Volume, as far as the source tells them.
    pub figures: Vec<(&'static str, String)>,
}

/// Who says what a share costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Provider(&'static str),
    /// Nobody: it is a sample of this date.
    Sample {
        date: &'static str,
    },
}

impl Quote {
    /// The sentence. A currency that the source names is right; without one an American share is priced in dollars.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { symbol, price: Price(price), .. } = self;
        let price = match &self.currency {
            Some(Currency(code)) if code == "USD" => format!("${price}"),
            Some(Currency(code)) => format!("{price} {code}"),
            None if symbol.is_american() => format!("${price}"),
            None => price.clone(),
        };
        let sentence = format!("{symbol} quote is {price} per share");
        match self.source {
            Source::Provider(_) => sentence,
            Source::Sample { date } => {
                format!("{sentence} (a bundled sample of {date}: no quote provider can be reached)")
            }
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let source = match self.source {
            Source::Provider(name) => name,
            Source::Sample { .. } => "sample",
        };
        let reply = Reply::to_room(self.text()).source(source);
        let reply = match &self.as_of {
            Some(as_of) => reply.as_of(as_of),
            None => reply,
        };
        self.figures.iter().fold(reply, |reply, (label, value)| reply.fact(*label, value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quote(symbol: &str, price: &str, currency: Option<&str>) -> Quote {
        Quote {
            symbol: Symbol::parse(symbol).unwrap(),
            price: Price::parse(price).unwrap(),
            currency: currency.and_then(Currency::parse),
            source: Source::Provider("stooq"),
            as_of: None,
            figures: Vec::new(),
        }
    }

    #[test]
    fn the_sentence_is_exactly_this() {
        assert_eq!(quote("aapl.us", "175.43", None).text(), "AAPL.US quote is $175.43 per share");
        assert_eq!(quote("AAPL", "175.4", None).text(), "AAPL quote is $175.40 per share");
        assert_eq!(quote("sap.de", "120", None).text(), "SAP.DE quote is 120.00 per share");
        assert_eq!(quote("sap.de", "120.125", Some("EUR")).text(), "SAP.DE quote is 120.125 EUR per share");
        assert_eq!(quote("shop.to", "9.5", Some("USD")).text(), "SHOP.TO quote is $9.50 per share");
    }

    #[test]
    fn a_price_keeps_its_digits_and_has_two_decimals_at_least() {
        for (given, kept) in
            [("175.43", "175.43"), ("175", "175.00"), ("0.5", "0.50"), ("0.00012", "0.00012"), ("007.1", "7.10")]
        {
            assert_eq!(Price::parse(given).unwrap().as_str(), kept);
        }
        for nonsense in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "0",
            "0.00",
            "1e5",
            "NaN",
            "inf",
            "1,000.00",
            "1 000",
            "0x10",
            "١",
            "N/D",
            "1.2.3",
            "9999999999999",
        ] {
            assert_eq!(Price::parse(nonsense), Err(NotAPrice), "{nonsense}");
        }
    }

    #[test]
    fn what_is_no_symbol_is_refused() {
        for bad in ["", "a b", "a/b", "a&b=c", "é", "a\n", "ａ", &"a".repeat(21), "a%2e"] {
            assert_eq!(Symbol::parse(bad), Err(NotASymbol), "{bad:?}");
        }
        assert_eq!(Symbol::parse("BRK-B.us").unwrap().to_string(), "BRK-B.US");
        assert_eq!(Symbol::parse("^SPX").unwrap().as_str(), "^spx");
    }

    proptest! {
        #[test]
        fn a_symbol_reads_the_same_in_any_case(text in "[A-Za-z0-9.^-]{1,20}") {
            let symbol = Symbol::parse(&text).unwrap();
            prop_assert_eq!(&symbol, &Symbol::parse(&text.to_ascii_uppercase()).unwrap());
            prop_assert_eq!(symbol.to_string(), text.to_ascii_uppercase());
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,40}") {
            let _ = Symbol::parse(&text);
            let _ = Price::parse(&text);
            let _ = Currency::parse(&text);
        }

        #[test]
        fn a_price_is_the_number_it_was(whole in 0_u64..1_000_000, decimals in "[0-9]{0,8}") {
            let text = if decimals.is_empty() { whole.to_string() } else { format!("{whole}.{decimals}") };
            match Price::parse(&text) {
                Ok(price) => prop_assert_eq!(price.as_str().parse::<f64>().unwrap(), text.parse::<f64>().unwrap()),
                Err(NotAPrice) => prop_assert_eq!(text.parse::<f64>().unwrap(), 0.0),
            }
        }
    }
}
