//! A quote provider that answers as stooq does, or fails in every way that one can.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, sync::watch, task::AbortHandle};

use crate::soon;

/// How the provider feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Answers with prices; `N/D` for symbols it does not know.
    Well,
    /// Keeps everybody waiting until it feels otherwise.
    Silent,
    /// An HTML page with status 200.
    Html,
    /// 429.
    Limiting,
    /// 500.
    Broken,
    /// CSV with other columns.
    Garbled,
    /// A body without end.
    Endless,
    /// Nobody answers at its address.
    Down,
}

/// The provider. Dropped, it is gone.
#[derive(Debug)]
pub struct Quotes {
    port: u16,
    desk: Arc<Desk>,
    serving: Mutex<Option<AbortHandle>>,
}

#[derive(Debug)]
struct Desk {
    prices: Mutex<BTreeMap<String, String>>,
    asked: watch::Sender<Vec<String>>,
    mood: watch::Sender<Mood>,
}

impl Quotes {
    /// Feels well and knows `aapl.us`, at $175.43.
    ///
    /// # Panics
    /// If there is no port left.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let prices = BTreeMap::from([("AAPL.US".to_owned(), "175.43".to_owned())]);
        let desk = Arc::new(Desk {
            prices: Mutex::new(prices),
            asked: watch::Sender::default(),
            mood: watch::Sender::new(Mood::Well),
        });
        let quotes = Self { port, desk, serving: Mutex::default() };
        quotes.serve(listener);
        quotes
    }

    fn serve(&self, listener: TcpListener) {
        let router = Router::new().route("/q/l/", get(quote)).with_state(Arc::clone(&self.desk));
        let serving = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        *lock(&self.serving) = Some(serving.abort_handle());
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on a share costs this.
    pub fn price(&self, symbol: &str, price: &str) {
        lock(&self.desk.prices).insert(symbol.to_uppercase(), price.to_owned());
    }

    /// From now on it feels like this.
    ///
    /// # Panics
    /// If it was down and its port is taken.
    pub async fn feels(&self, mood: Mood) {
        let before = self.desk.mood.send_replace(mood);
        if mood == Mood::Down {
            if let Some(serving) = lock(&self.serving).take() {
                serving.abort();
            }
            // Aborted tasks end when they are next run: the port is closed once nobody can connect.
            crate::eventually("closed port", async || {
                tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err().then_some(())
            })
            .await;
        } else if before == Mood::Down {
            let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("its own port");
            self.serve(listener);
        }
    }

    /// The symbols it was asked for, as they were written.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.desk.asked.borrow().clone()
    }

    /// Waits until it has been asked so often.
    ///
    /// # Panics
    /// If it is not in time.
    pub async fn is_asked(&self, times: usize) {
        let mut asked = self.desk.asked.subscribe();
        let enough = asked.wait_for(|asked| asked.len() >= times);
        assert!(soon("question to the quote provider", enough).await.is_ok(), "the desk is gone");
    }
}

impl Drop for Quotes {
    fn drop(&mut self) {
        if let Some(serving) = lock(&self.serving).take() {
            serving.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn quote(State(desk): State<Arc<Desk>>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let symbol = query.get("s").cloned().unwrap_or_default();
    desk.asked.send_modify(|asked| asked.push(symbol.clone()));
    let is_well_asked = query.get("f").is_some_and(|fields| fields == "sd2t2ohlcv")
        && query.contains_key("h")
        && query.get("e").is_some_and(|kind| kind == "csv");
    if !is_well_asked {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut mood = desk.mood.subscribe();
    let mood = match mood.wait_for(|mood| *mood != Mood::Silent).await {
        Ok(mood) => *mood,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let csv = |body: String| ([(header::CONTENT_TYPE, "text/csv")], body).into_response();
    match mood {
        Mood::Well => csv(desk.csv(&symbol)),
        Mood::Html => {
            let page = "<!DOCTYPE html><html><body>Please prove that you are human.</body></html>";
            ([(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        Mood::Limiting => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Mood::Broken => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Mood::Garbled => csv("Name,Colour\r\nAAPL.US,red\r\n".to_owned()),
        Mood::Endless => {
            let forever = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 16 * 1024]));
            Body::from_stream(forever).into_response()
        }
        Mood::Silent | Mood::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Desk {
    fn csv(&self, symbol: &str) -> String {
        let symbol = symbol.to_uppercase();
        let row = match lock(&self.prices).get(&symbol) {
            Some(price) => format!("{symbol},2025-11-24,22:00:09,175.00,176.10,174.20,{price},52164500"),
            None => format!("{symbol},N/D,N/D,N/D,N/D,N/D,N/D,N/D"),
        };
        format!("Symbol,Date,Time,Open,High,Low,Close,Volume\r\n{row}\r\n")
    }
}
