//! A provider of quotes on loopback, with all the faults that one can have. It must not know the bot.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{RawQuery, State},
    http::{Response, StatusCode, Uri, header},
};
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Notify,
    task::JoinHandle,
};

pub const HEAD: &str = "Symbol,Date,Time,Open,High,Low,Close,Volume";
pub const ROW: &str = "AAPL.US,2023-05-26,22:00:09,173.32,175.77,173.11,175.43,54834975";

/// How the provider answers.
#[derive(Clone)]
pub enum Behaviour {
    Body(String),
    Html,
    Status(u16),
    /// Nothing, ever.
    Silent,
    /// The quote, once it is told.
    Waiting(Arc<Notify>),
    /// A byte now and then, for ever.
    Trickling,
    /// Bytes without end.
    Endless,
    Redirecting(String),
    /// The quote, but at another path of its own.
    Moved,
    /// With an encoding that nobody asked for.
    Compressed,
}

pub struct Fake {
    pub address: SocketAddr,
    state: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    requests: AtomicU32,
    asked: Notify,
    last: Mutex<String>,
}

pub fn quote() -> Behaviour {
    Behaviour::Body(format!("{HEAD}\r\n{ROW}\r\n"))
}
pub fn row(row: &str) -> Behaviour {
    Behaviour::Body(format!("{HEAD}\r\n{row}\r\n"))
}

impl Fake {
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Shared {
            behaviour: Mutex::new(behaviour),
            requests: AtomicU32::new(0),
            asked: Notify::new(),
            last: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(state.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { address, state, server }
    }
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }
    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().expect("no panic") = behaviour;
    }
    pub fn requests(&self) -> u32 {
        self.state.requests.load(Ordering::SeqCst)
    }
    pub async fn asked(&self) {
        self.state.asked.notified().await;
    }
    /// Path and query of the last request.
    pub fn last(&self) -> String {
        self.state.last.lock().expect("no panic").clone()
    }
}
impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(state): State<Arc<Shared>>, uri: Uri, RawQuery(query): RawQuery) -> Response<Body> {
    state.requests.fetch_add(1, Ordering::SeqCst);
    *state.last.lock().expect("no panic") = format!("{}?{}", uri.path(), query.unwrap_or_default());
    state.asked.notify_one();
    let behaviour = state.behaviour.lock().expect("no panic").clone();
    let plain = |body: Body| Response::builder().header(header::CONTENT_TYPE, "text/plain").body(body);
    let response = match behaviour {
        Behaviour::Body(body) => plain(body.into()),
        Behaviour::Html => Response::builder()
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .body("<!DOCTYPE html><title>Quotes</title>".into()),
        Behaviour::Status(status) => Response::builder().status(status).body("no".into()),
        Behaviour::Silent => std::future::pending().await,
        Behaviour::Waiting(go) => {
            go.notified().await;
            plain(format!("{HEAD}\n{ROW}\n").into())
        }
        Behaviour::Trickling => plain(Body::from_stream(stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(b"S")), ()))
        }))),
        Behaviour::Endless => {
            plain(Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 8192])))))
        }
        Behaviour::Redirecting(to) => {
            Response::builder().status(StatusCode::FOUND).header(header::LOCATION, to).body(Body::empty())
        }
        Behaviour::Moved if uri.path() == "/moved" => plain(format!("{HEAD}\n{ROW}\n").into()),
        Behaviour::Moved => Response::builder()
            .status(StatusCode::MOVED_PERMANENTLY)
            .header(header::LOCATION, "/moved")
            .body(Body::empty()),
        Behaviour::Compressed => {
            Response::builder().header(header::CONTENT_ENCODING, "gzip").body(vec![0x1f, 0x8b, 8, 0].into())
        }
    };
    response.expect("a response")
}

/// An address where nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

/// A server that says these bytes to whoever has asked, and hangs up.
pub async fn says(bytes: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(bytes).await;
        }
    });
    (base, server)
}
