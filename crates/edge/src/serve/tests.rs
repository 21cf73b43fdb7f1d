//! The accept loop over real sockets, with times short enough to be waited for.

use std::{future::Future, net::SocketAddr};

use axum::{
    Json, Router,
    extract::{Extension, Request},
    http::StatusCode,
    response::IntoResponse,
    routing::{any, get, post},
};
use parlor_protocol::{http::EditRequest, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

use super::*;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(60);

struct Running {
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
}

/// Nothing ends by time here unless a test makes its time short.
fn patient() -> Times {
    let pause = Duration::from_millis(1);
    Times { head: LONG, body: LONG, answer: LONG, pause, last_heads: LONG, grace: LONG, waiting: 100 }
}

async fn running(times: Times, router: Router) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
    let ended = tokio::spawn(serve_within(times, listener, router, shutdown.clone()));
    Running { address, shutdown, ended }
}

impl Running {
    async fn sends(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        stream
    }
    async fn stops(self) {
        self.shutdown.cancel();
        soon(self.ended).await.unwrap();
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future).await.expect("this should not take seconds")
}

/// Everything until the other end closes; a reset counts as that.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    if let Err(error) = soon(stream.read_to_end(&mut all)).await {
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
    String::from_utf8(all).unwrap()
}

fn hello() -> Router {
    Router::new()
        .route("/", get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.to_string() }))
        .route("/edit", post(|crate::Json(edit): crate::Json<EditRequest>| async move { edit.text }))
}

#[tokio::test]
async fn a_request_knows_its_peer() {
    let server = running(patient(), hello()).await;
    let mut stream = server.sends("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let own = stream.local_addr().unwrap().to_string();
    assert!(rest(&mut stream).await.ends_with(&own));
    server.stops().await;
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_ends_the_connection() {
    let server = running(Times { head: SHORT, ..patient() }, hello()).await;
    let mut silent = server.sends("").await;
    let mut slow = server.sends("GET / HTTP/1.1\r\nhost: a\r\n").await;
    let mut idle = server.sends("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(rest(&mut silent).await, "");
    assert!(!rest(&mut slow).await.contains("200 OK"));
    assert!(rest(&mut idle).await.contains("200 OK"));
    server.stops().await;
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_refused() {
    let server = running(Times { body: SHORT, ..patient() }, hello()).await;
    let head = "POST /edit HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n";
    let mut stream = server.sends(format!("{head}{{\"text\"")).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408"));
    server.stops().await;
}

#[tokio::test]
async fn a_body_or_a_head_beyond_its_bound_is_refused() {
    let server = running(patient(), hello()).await;
    let head = "POST /edit HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    let mut announced = server.sends(format!("{head}content-length: {}\r\n\r\n", limits::BODY_BYTES + 1)).await;
    assert!(rest(&mut announced).await.starts_with("HTTP/1.1 413"));

    let chunk = "x".repeat(limits::BODY_BYTES + 1);
    let chunked = format!("{head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{chunk}", chunk.len());
    let mut chunked = server.sends(chunked).await;
    assert!(rest(&mut chunked).await.starts_with("HTTP/1.1 413"));

    let mut wide = server.sends(format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "x".repeat(HEAD_BYTES))).await;
    assert!(rest(&mut wide).await.starts_with("HTTP/1.1 431"));
    server.stops().await;
}

/// Far more than the kernel holds for a client that reads nothing.
fn endless() -> Router {
    Router::new().route("/", get(|| async { vec![b'x'; 32 * 1024 * 1024] }))
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_the_connection() {
    let server = running(Times { answer: SHORT, ..patient() }, endless()).await;
    let mut stuck = server.sends("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    // The stop waits for answers in flight: it ends only because this one does.
    let mut first = [0];
    soon(stuck.read_exact(&mut first)).await.unwrap();
    server.stops().await;
    assert!(rest(&mut stuck).await.len() < 32 * 1024 * 1024, "it was cut short");
}

#[tokio::test]
async fn an_answer_that_is_read_slowly_but_steadily_is_given_whole() {
    let patience = Duration::from_secs(1);
    let server = running(Times { answer: patience, ..patient() }, endless()).await;
    let mut slow = server.sends("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let mut piece = vec![0; 1024 * 1024];
    let mut ticks = tokio::time::interval(patience / 20);
    for _ in 0..25 {
        ticks.tick().await;
        soon(slow.read_exact(&mut piece)).await.unwrap();
    }
    assert!(rest(&mut slow).await.len() >= 7 * 1024 * 1024);
    server.stops().await;
}

#[tokio::test]
async fn a_chunked_body_beside_a_length_is_the_last_on_its_connection() {
    let server = running(patient(), hello()).await;
    let head = "POST /edit HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    for lengths in
        ["transfer-encoding: chunked\r\ncontent-length: 4", "content-length: 4\r\ntransfer-encoding: chunked"]
    {
        let smuggled = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let body = "d\r\n{\"text\":\"hi\"}\r\n0\r\n\r\n";
        let mut stream = server.sends(format!("{head}{lengths}\r\n\r\n{body}{smuggled}")).await;
        let answers = rest(&mut stream).await;
        assert!(answers.starts_with("HTTP/1.1 200 OK") && answers.ends_with("\r\n\r\nhi"), "{answers}");
    }
    server.stops().await;
}

#[tokio::test]
async fn an_upgrade_gives_the_bare_socket() {
    let (give, mut taken) = mpsc::channel(1);
    let upgrade = move |mut request: Request| {
        let give = give.clone();
        async move {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                give.send(crate::bare(upgrade.await.unwrap()).unwrap()).await.unwrap();
            });
            (StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "echo")]).into_response()
        }
    };
    let keys = crate::Keys::derive("a secret of at least 32 characters").unwrap();
    let guard = crate::Guard::new(crate::Site::new(None, false).unwrap(), keys, vec![]);
    let server = running(patient(), guard.around(Router::new().route("/ws", any(upgrade)))).await;
    let request = "GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    let mut client = server.sends(request).await;
    let (mut socket, early): (TcpStream, _) = soon(taken.recv()).await.unwrap();
    assert!(socket.nodelay().unwrap());
    assert!(early.is_empty());
    server.stops().await;

    socket.write_all(b"bare").await.unwrap();
    drop(socket);
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 101") && answer.ends_with("bare"));
}

#[tokio::test]
async fn the_stop_lets_requests_finish_and_waits_for_nobody_else() {
    let (entered, mut begun) = mpsc::channel(1);
    let go_on = CancellationToken::new();
    let slow = {
        let go_on = go_on.clone();
        move || async move {
            entered.send(()).await.unwrap();
            go_on.cancelled().await;
            Json("done")
        }
    };
    let router = hello().route("/slow", get(slow));
    let server = running(Times { last_heads: SHORT, ..patient() }, router).await;
    let mut silent = server.sends("").await;
    let mut idle = server.sends("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut first = [0];
    soon(idle.read_exact(&mut first)).await.unwrap();
    let mut waiting = server.sends("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    soon(begun.recv()).await.unwrap();

    server.shutdown.cancel();
    assert_eq!(rest(&mut silent).await, "");
    assert!(rest(&mut idle).await.starts_with("TTP/1.1 200"));
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.ended.is_finished());
    go_on.cancel();
    assert!(rest(&mut waiting).await.ends_with("\"done\""));
    soon(server.ended).await.unwrap();
}

#[tokio::test]
async fn the_stop_has_an_end() {
    let (entered, mut begun) = mpsc::channel(1);
    let never = move || async move {
        entered.send(()).await.unwrap();
        std::future::pending::<()>().await;
    };
    let times = Times { last_heads: SHORT, grace: SHORT, ..patient() };
    let server = running(times, Router::new().route("/", get(never))).await;
    let _stuck = server.sends("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    soon(begun.recv()).await.unwrap();
    server.stops().await;
}

#[tokio::test]
async fn whoever_opens_connections_and_says_nothing_makes_room_for_others() {
    let server = running(Times { waiting: 2, ..patient() }, hello()).await;
    let mut silent = [server.sends("").await, server.sends("").await];
    for _ in 0..4 {
        let mut honest = server.sends("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(rest(&mut honest).await.contains("200 OK"));
    }
    assert_eq!(rest(&mut silent[0]).await, "");
    server.shutdown.cancel();
}

#[tokio::test]
async fn what_breaks_one_connection_holds_up_no_other() {
    let server = Server {
        times: Times { pause: LONG, ..patient() },
        router: Router::new(),
        waiting: WaitingRoom::new(1),
        stopping: CancellationToken::new(),
        over: CancellationToken::new(),
    };
    soon(server.after(&io::ErrorKind::ConnectionAborted.into())).await;
    let out_of_descriptors = io::Error::from_raw_os_error(24);
    let mut pause = std::pin::pin!(server.after(&out_of_descriptors));
    assert!(timeout(SHORT, pause.as_mut()).await.is_err());
    server.stopping.cancel();
    soon(pause).await;
}
