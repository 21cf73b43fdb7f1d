//! Yahoo's chart JSON, `/v8/finance/chart/<symbol>`. It must not know of other providers; symbols come as stooq writes
//! them, since that is what people are used to here.

use std::time::Duration;

use async_trait::async_trait;
use parlor_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::port::{Fault, Provider};
use crate::{
    http::{Http, Page},
    quote::{Currency, Price, Quote, Source, Symbol},
};

const NAME: &str = "yahoo";

#[derive(Debug)]
pub struct Yahoo {
    base: String,
    http: Http,
}

impl Yahoo {
    /// At an address that speaks as Yahoo does.
    #[must_use]
    pub fn new(base: Url) -> Self {
        let http = Http::to(&base);
        Self { base: base.as_str().trim_end_matches('/').to_owned(), http }
    }
    /// At Yahoo's public site.
    #[must_use]
    pub fn public() -> Self {
        Self { base: "https://query1.finance.yahoo.com".to_owned(), http: Http::encrypted() }
    }

    /// What a body that Yahoo answered says of the symbol.
    ///
    /// # Errors
    /// Why it is no quote.
    pub fn read(symbol: &Symbol, body: &[u8]) -> Result<Quote, Fault> {
        read(symbol, &Page::text(body))
    }

    fn address(&self, symbol: &Symbol) -> String {
        // Of what a symbol can be made of, a path takes all but the caret as it is.
        let symbol = translated(symbol).replace('^', "%5E");
        format!("{}/v8/finance/chart/{symbol}?range=1d&interval=1d", self.base)
    }
}

/// The symbol as Yahoo writes it, where an exchange has another suffix there.
fn translated(symbol: &Symbol) -> String {
    let text = symbol.to_string();
    let stem = |suffix: &str| text.strip_suffix(suffix).filter(|stem| !stem.is_empty()).map(str::to_owned);
    match symbol.suffix() {
        Some("us") => stem(".US").unwrap_or(text),
        Some("uk") => stem(".UK").map_or(text, |stem| stem + ".L"),
        Some("jp") => stem(".JP").map_or(text, |stem| stem + ".T"),
        _ => text,
    }
}

#[async_trait]
impl Provider for Yahoo {
    fn name(&self) -> &'static str {
        NAME
    }
    async fn quote(&self, symbol: &Symbol, within: Duration) -> Result<Quote, Fault> {
        let page = self.http.get(&self.address(symbol), within).await?;
        match page.status {
            200 => read(symbol, &page),
            // The answer to a symbol that nobody has is JSON too; a page that does not exist is something else.
            404 if read(symbol, &page) == Err(Fault::UnknownSymbol) => Err(Fault::UnknownSymbol),
            status => Err(Fault::Status(status)),
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    chart: Chart<'a>,
}
#[derive(Deserialize)]
struct Chart<'a> {
    #[serde(borrow, default)]
    result: Option<Vec<Charted<'a>>>,
    #[serde(default)]
    error: Option<Complaint>,
}
#[derive(Deserialize)]
struct Complaint {
    code: String,
}
#[derive(Deserialize)]
struct Charted<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
}
/// Numbers are kept as text: a price must not lose a digit.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(default)]
    currency: Option<String>,
    #[serde(borrow, default)]
    regular_market_price: Option<&'a RawValue>,
    #[serde(borrow, default)]
    regular_market_day_high: Option<&'a RawValue>,
    #[serde(borrow, default)]
    regular_market_day_low: Option<&'a RawValue>,
    #[serde(default)]
    regular_market_time: Option<i64>,
    #[serde(default)]
    regular_market_volume: Option<u64>,
}

fn read(symbol: &Symbol, page: &Page) -> Result<Quote, Fault> {
    if page.is_html() {
        return Err(Fault::WebPage);
    }
    let Answer { chart } = serde_json::from_slice(&page.body).map_err(|_| Fault::Malformed)?;
    if chart.error.is_some_and(|complaint| complaint.code == "Not Found") {
        return Err(Fault::UnknownSymbol);
    }
    let charted = chart.result.and_then(|results| results.into_iter().next());
    let Charted { meta } = charted.ok_or(Fault::Malformed)?;
    let price = meta.regular_market_price.ok_or(Fault::Malformed)?;
    let figure = |label: &'static str, value: Option<&RawValue>| {
        Some((label, Price::parse(value?.get()).ok()?.as_str().to_owned()))
    };
    let volume = meta.regular_market_volume.map(|volume| ("Volume", volume.to_string()));
    Ok(Quote {
        symbol: symbol.clone(),
        price: Price::parse(price.get()).map_err(|_| Fault::NoPrice)?,
        currency: meta.currency.as_deref().and_then(Currency::parse),
        source: Source::Provider(NAME),
        as_of: meta.regular_market_time.map(|time| Timestamp::from_millis(time.saturating_mul(1_000)).to_string()),
        figures: [figure("High", meta.regular_market_day_high), figure("Low", meta.regular_market_day_low), volume]
            .into_iter()
            .flatten()
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_text(body: impl AsRef<[u8]>) -> Result<Quote, Fault> {
        Yahoo::read(&Symbol::parse("sap.de").unwrap(), body.as_ref())
    }
    fn with_meta(meta: &str) -> Result<Quote, Fault> {
        read_text(format!(r#"{{"chart":{{"result":[{{"meta":{{{meta}}}}}],"error":null}}}}"#))
    }

    #[test]
    fn a_chart_becomes_a_quote_with_its_details() {
        let quote = with_meta(
            r#""currency":"EUR","symbol":"SAP.DE","regularMarketPrice":120.1,"regularMarketTime":1685117400,
               "regularMarketDayHigh":121.5,"regularMarketDayLow":119.25,"regularMarketVolume":1234"#,
        )
        .unwrap();
        assert_eq!(quote.text(), "SAP.DE quote is 120.10 EUR per share");
        assert_eq!(quote.as_of.as_deref(), Some("2023-05-26T16:10:00.000Z"));
        assert_eq!(quote.figures.len(), 3);
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        let missing = r#"{"chart":{"result":null,"error":{"code":"Not Found","description":"No data"}}}"#;
        assert_eq!(read_text(missing), Err(Fault::UnknownSymbol));
        assert_eq!(read_text("<html>"), Err(Fault::WebPage));
        for price in ["-1", "0", "1e300", "\"120\"", "[]"] {
            assert_eq!(with_meta(&format!(r#""regularMarketPrice":{price}"#)), Err(Fault::NoPrice), "{price}");
        }
        let empty = r#"{"chart":{"result":[],"error":null}}"#;
        for body in ["", "{}", "null", empty, r#"{"chart":{}}"#, r#"{"chart":{"result":[{"meta":{}}]}}"#] {
            assert_eq!(read_text(body), Err(Fault::Malformed), "{body}");
        }
    }

    #[test]
    fn a_symbol_is_translated_and_encoded() {
        let yahoo = Yahoo::new(Url::parse("http://127.0.0.1:9").unwrap());
        for (here, there) in [
            ("aapl.us", "AAPL"),
            ("aapl", "AAPL"),
            ("sap.de", "SAP.DE"),
            ("vod.uk", "VOD.L"),
            ("7203.jp", "7203.T"),
            ("^spx", "%5ESPX"),
            (".us", ".US"),
        ] {
            let address = yahoo.address(&Symbol::parse(here).unwrap());
            assert_eq!(address, format!("http://127.0.0.1:9/v8/finance/chart/{there}?range=1d&interval=1d"));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300), time in any::<i64>()) {
            let _ = read_text(&body);
            let _ = with_meta(&format!(r#""regularMarketPrice":1.5,"regularMarketTime":{time}"#));
        }
    }
}
