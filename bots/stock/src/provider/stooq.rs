//! stooq's CSV, `Symbol,Date,Time,Open,High,Low,Close,Volume`. It must not know of other providers.

use std::time::Duration;

use async_trait::async_trait;
use url::{Url, form_urlencoded};

use super::port::{Fault, Provider};
use crate::{
    http::{Http, Page},
    quote::{Price, Quote, Source, Symbol},
};

const NAME: &str = "stooq";

#[derive(Debug)]
pub struct Stooq {
    base: String,
    http: Http,
}

impl Stooq {
    /// At an address that speaks as stooq does.
    #[must_use]
    pub fn new(base: Url) -> Self {
        let http = Http::to(&base);
        Self { base: base.as_str().trim_end_matches('/').to_owned(), http }
    }
    /// At stooq's public site.
    #[must_use]
    pub fn public() -> Self {
        Self { base: "https://stooq.com".to_owned(), http: Http::encrypted() }
    }

    /// What a body that stooq answered says of the symbol.
    ///
    /// # Errors
    /// Why it is no quote.
    pub fn read(symbol: &Symbol, body: &[u8]) -> Result<Quote, Fault> {
        read(symbol, &Page::text(body))
    }

    fn address(&self, symbol: &Symbol) -> String {
        let symbol: String = form_urlencoded::byte_serialize(symbol.as_str().as_bytes()).collect();
        format!("{}/q/l/?s={symbol}&f=sd2t2ohlcv&h&e=csv", self.base)
    }
}

#[async_trait]
impl Provider for Stooq {
    fn name(&self) -> &'static str {
        NAME
    }
    async fn quote(&self, symbol: &Symbol, within: Duration) -> Result<Quote, Fault> {
        let page = self.http.get(&self.address(symbol), within).await?;
        if page.status != 200 {
            return Err(Fault::Status(page.status));
        }
        read(symbol, &page)
    }
}

fn read(symbol: &Symbol, page: &Page) -> Result<Quote, Fault> {
    if page.is_html() {
        return Err(Fault::WebPage);
    }
    if page.says("exceeded the daily hits limit") {
        return Err(Fault::RateLimited);
    }
    if page.says("apikey") {
        return Err(Fault::WantsKey);
    }
    let row = Row::read(&page.body)?;
    let close = row.cell("Close").ok_or(Fault::Malformed)?;
    if close == "N/D" {
        return Err(Fault::UnknownSymbol);
    }
    let figure = |label: &'static str| Some((label, Price::parse(row.cell(label)?).ok()?.as_str().to_owned()));
    let volume = row.cell("Volume").filter(|volume| (1..=15).contains(&volume.len()) && is_made_of(volume, ""));
    let mut figures: Vec<_> = ["Open", "High", "Low"].into_iter().filter_map(figure).collect();
    figures.extend(volume.map(|volume| ("Volume", volume.to_owned())));
    Ok(Quote {
        symbol: symbol.clone(),
        price: Price::parse(close).map_err(|_| Fault::NoPrice)?,
        currency: None,
        source: Source::Provider(NAME),
        as_of: row.as_of(),
        figures,
    })
}

/// The one row of the answer, under its head.
struct Row {
    head: csv::StringRecord,
    cells: csv::StringRecord,
}

impl Row {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(body);
        let head = reader.headers().map_err(|_| Fault::Malformed)?.clone();
        // The reader refuses a row that is longer or shorter than the head.
        match reader.records().next() {
            Some(Ok(cells)) => Ok(Self { head, cells }),
            Some(Err(_)) | None => Err(Fault::Malformed),
        }
    }
    fn cell(&self, label: &str) -> Option<&str> {
        let place = self.head.iter().position(|cell| cell.eq_ignore_ascii_case(label))?;
        self.cells.get(place)
    }
    fn as_of(&self) -> Option<String> {
        let date = self.cell("Date").filter(|date| date.len() == 10 && is_made_of(date, "-"))?;
        let time = self.cell("Time").filter(|time| (5..=8).contains(&time.len()) && is_made_of(time, ":"));
        Some(time.map_or_else(|| date.to_owned(), |time| format!("{date} {time}")))
    }
}

fn is_made_of(text: &str, others: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || others.contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "Symbol,Date,Time,Open,High,Low,Close,Volume";

    fn read_text(body: impl AsRef<[u8]>) -> Result<Quote, Fault> {
        Stooq::read(&Symbol::parse("aapl.us").unwrap(), body.as_ref())
    }

    #[test]
    fn a_row_becomes_a_quote_with_its_details() {
        let row = "AAPL.US,2023-05-26,22:00:09,173.32,175.77,173.11,175.43,54834975";
        let quote = read_text(format!("{HEAD}\r\n{row}\r\n")).unwrap();
        assert_eq!(quote.text(), "AAPL.US quote is $175.43 per share");
        assert_eq!(quote.as_of.as_deref(), Some("2023-05-26 22:00:09"));
        let figures = [("Open", "173.32"), ("High", "175.77"), ("Low", "173.11"), ("Volume", "54834975")];
        assert_eq!(quote.figures, figures.map(|(label, value)| (label, value.to_owned())));
    }

    #[test]
    fn details_that_make_no_sense_are_left_out() {
        let quote = read_text(format!("\u{feff}{HEAD}\nAAPL.US,<b>,N/D,-1,N/D,1e9,175.4,lots\n")).unwrap();
        assert_eq!((quote.text().as_str(), quote.as_of), ("AAPL.US quote is $175.40 per share", None));
        assert!(quote.figures.is_empty());
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        let row = |row: &str| read_text(format!("{HEAD}\n{row}\n")).unwrap_err();
        assert_eq!(row("XYZ.US,N/D,N/D,N/D,N/D,N/D,N/D,N/D"), Fault::UnknownSymbol);
        for price in ["-5", "abc", "", "0", "NaN"] {
            assert_eq!(row(&format!("A,2023-05-26,22:00:09,1,1,1,{price},1")), Fault::NoPrice, "{price}");
        }
        for short in ["A,B", "a,2023-05-26,22:00:09,1,1,1,1,1,9", "\"open"] {
            assert_eq!(row(short), Fault::Malformed, "{short}");
        }
        for body in ["", HEAD, "no quote", "Symbol,Price\nA,1\n", "\u{0}\u{1}"] {
            assert_eq!(read_text(body), Err(Fault::Malformed), "{body}");
        }
        assert_eq!(read_text(b"Symbol,Close\nA,\xff\n"), Err(Fault::Malformed));
        assert_eq!(read_text("Exceeded the daily hits limit"), Err(Fault::RateLimited));
        assert_eq!(read_text("Get your apikey:\n1. Open …"), Err(Fault::WantsKey));
        assert_eq!(read_text("\n <!DOCTYPE html><title>stooq</title>"), Err(Fault::WebPage));
    }

    #[test]
    fn the_symbol_is_encoded_in_the_address() {
        let stooq = Stooq::new(Url::parse("http://127.0.0.1:9/base/").unwrap());
        let address = stooq.address(&Symbol::parse("^SPX").unwrap());
        assert_eq!(address, "http://127.0.0.1:9/base/q/l/?s=%5Espx&f=sd2t2ohlcv&h&e=csv");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_text(&body);
            let _ = read_text([HEAD.as_bytes(), b"\n", &body].concat());
        }

        #[test]
        fn no_row_says_more_than_a_quote_can(cells in proptest::collection::vec("[ -~é\"]{0,12}", 8)) {
            if let Ok(quote) = read_text(format!("{HEAD}\n{}\n", cells.join(","))) {
                prop_assert!(quote.figures.len() <= 4);
                prop_assert!(quote.text().len() < 100);
            }
        }
    }
}
