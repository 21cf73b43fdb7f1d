//! Bytes that are no well-formed request, or mean two things at once: refused or ended, never a server error, and the
//! server goes on.

use parlor_testing::{Answer, Parlor, raw::Raw};
use reqwest::Method;

/// Sends this and reads until the server closes.
async fn exchange(parlor: &Parlor, bytes: impl AsRef<[u8]>) -> String {
    let mut raw = Raw::connects(parlor.port()).await;
    raw.offers(bytes.as_ref()).await;
    raw.reads_text().await
}

/// The statuses of the responses that follow one another in what came back.
fn statuses(answers: &str) -> Vec<u16> {
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().unwrap()).collect()
}

#[tokio::test]
async fn a_head_that_is_too_large_in_any_way_is_refused() {
    let parlor = Parlor::starts().await;
    let lines = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    let long = "x".repeat(40 * 1024);
    for (head, what) in [
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"), "a long line"),
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{long}: 1\r\n\r\n"), "a long name"),
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"), "many lines"),
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "a long path"),
        (format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: {long}\r\n\r\n"), "a long cookie"),
        (format!("GET /healthz?{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), "a long query"),
    ] {
        let answer = exchange(&parlor, head).await;
        assert!(matches!(statuses(&answer)[..], [431 | 414]), "{what}: {answer}");
    }
    let endless = "x".repeat(8 * 1024 * 1024);
    let answer = exchange(&parlor, format!("GET / HTTP/1.1\r\nX: {endless}")).await;
    assert!(!answer.contains("HTTP/1.1 2"), "{answer}");
    parlor.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn what_two_readers_would_read_differently_is_refused_and_nothing_behind_it_is_read() {
    let parlor = Parlor::starts().await;
    let login = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lines in [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length: 2 2\r\n\r\n{}",
        "Content-Length: 18446744073709551616\r\n\r\n{}",
        "Content-Length : 2\r\n\r\n{}",
        "Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n{}",
        "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "X: 1\r\n folded: 2\r\n\r\n",
        "X\r\n\r\n",
        ": 1\r\n\r\n",
        "X: a\0b\r\n\r\n",
        "X: a\rContent-Length: 2\r\n\r\n{}",
    ] {
        let answer = exchange(&parlor, format!("{login}{lines}{smuggled}")).await;
        assert_eq!(statuses(&answer), [400], "{lines:?}: {answer}");
    }
    for first in [
        "GET /healthz HTTP/1.2\r\n",
        "GET /healthz HTTP/2.0\r\n",
        "PRI * HTTP/2.0\r\n",
        "GET /healthz\r\n",
        "GET  /healthz HTTP/1.1\r\n",
        "GET /heal thz HTTP/1.1\r\n",
        "G\u{e4}T /healthz HTTP/1.1\r\n",
        "\0GET /healthz HTTP/1.1\r\n",
        "\u{16}\u{3}\u{1}\0\u{5}hello of TLS",
    ] {
        let answer = exchange(&parlor, format!("{first}Host: localhost\r\n\r\n{smuggled}")).await;
        assert!(matches!(statuses(&answer)[..], [] | [400 | 505]), "{first:?}: {answer}");
    }
    parlor.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_chunked_body_beside_a_length_is_read_once_and_ends_the_connection() {
    let parlor = Parlor::starts().await;
    let body = r#"{"username":"carlos","password":"4321"}"#;
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for lengths in
        ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4"]
    {
        let request = format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{lengths}\r\n\r\n\
             {:x}\r\n{body}\r\n0\r\n\r\n{smuggled}",
            body.len()
        );
        let answer = exchange(&parlor, request).await;
        assert_eq!(statuses(&answer), [401], "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn chunks_that_are_none_are_refused() {
    let parlor = Parlor::starts().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "nonsense\r\n{}\r\n0\r\n\r\n".to_owned(),
        "-2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "0x2\r\n{}\r\n0\r\n\r\n".to_owned(),
        "fffffffffffffffff\r\n{}\r\n0\r\n\r\n".to_owned(),
        "2\r\n{}}}\r\n0\r\n\r\n".to_owned(),
        format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(64 * 1024)),
        format!("0\r\n{}\r\n", "X: 1\r\n".repeat(20_000)),
    ] {
        let answer = exchange(&parlor, format!("{head}{chunks}")).await;
        let shown: String = chunks.chars().take(30).collect();
        assert!(matches!(statuses(&answer)[..], [] | [400]), "{shown:?}: {answer}");
    }
    parlor.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off_at_its_bound_also_where_nobody_reads_it() {
    const ENOUGH: usize = 64;
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let piece = format!("{:x}\r\n{}\r\n", 256 * 1024, "x".repeat(256 * 1024));
    for (call, statuses_allowed) in [
        ("POST /api/rooms", &[413][..]),
        ("POST /api/auth/login", &[413]),
        ("GET /api/rooms", &[200]),
        ("GET /healthz", &[200]),
        ("POST /api/nowhere", &[404]),
        ("POST /", &[405]),
    ] {
        let mut raw = Raw::connects(parlor.port()).await;
        raw.sends(&format!(
            "{call} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            carlos.token
        ))
        .await;
        let mut pieces = 0;
        while pieces < ENOUGH && raw.offers(piece.as_bytes()).await {
            pieces += 1;
        }
        assert!(pieces < ENOUGH, "{call}: {} MiB were taken", pieces / 4);
        // A reset, as of a connection that is closed with bytes unread, may overtake the answer.
        let answer = raw.reads_text().await;
        assert!(statuses(&answer).iter().all(|status| statuses_allowed.contains(status)), "{call}: {answer}");
    }
    parlor.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_body_shorter_or_longer_than_it_says_is_no_request() {
    let parlor = Parlor::starts().await;
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let body = r#"{"username":"carlos","password":"1234","token":true}"#;
    let mut short = Raw::connects(parlor.port()).await;
    short.sends(&format!("{head}Content-Length: {}\r\n\r\n{body}", body.len() + 1)).await;
    short.falls_silent().await;
    let answer = short.reads_text().await;
    assert!(matches!(statuses(&answer)[..], [] | [400]), "{answer}");
    // What is left of a longer one is no request either.
    let answer = exchange(&parlor, format!("{head}Content-Length: {}\r\n\r\n{body}garbage\r\n\r\n", body.len())).await;
    assert_eq!(statuses(&answer), [200, 400], "{answer}");
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_that_order() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let call = |line: &str, rest: &str| format!("{line} HTTP/1.1\r\nHost: localhost\r\n{rest}\r\n");
    let session = format!("Authorization: Bearer {}\r\n", carlos.token);
    let mut all = String::new();
    for _ in 0..10 {
        all += &call("GET /healthz", "");
        all += &call("GET /api/nowhere", "");
        all += &call("GET /api/rooms", "");
        all += &call("GET /api/rooms", &session);
        all += &call("DELETE /api/rooms", &session);
    }
    all += &call("GET /healthz", "Connection: close\r\n");
    let answers = exchange(&parlor, all).await;
    let expected: Vec<u16> = [200, 404, 401, 200, 405].repeat(10).into_iter().chain([200]).collect();
    assert_eq!(statuses(&answers), expected, "{answers}");
}

#[tokio::test]
async fn older_and_other_forms_of_a_request_are_answered_as_what_they_are() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let port = parlor.port();
    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n".to_owned(), 200),
        // Without a name it was sent to, demo mode cannot tell that it is its own.
        ("GET /healthz HTTP/1.0\r\n\r\n".to_owned(), 421),
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 421),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 421),
        (format!("GET http://127.0.0.1:{port}/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 200),
        ("GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 421),
        (
            format!(
                "GET http://127.0.0.1:{port}/api/auth/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                 Authorization: Bearer {}\r\n\r\n",
                carlos.token
            ),
            200,
        ),
        // A name in a path's place.
        ("GET healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 421),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("CONNECT evil.example:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_owned(), 421),
    ] {
        let answer = exchange(&parlor, &request).await;
        let got = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(got, status.to_string(), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn no_upgrade_over_http_1_0() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let request = parlor_testing::raw::upgrade(parlor.port(), &carlos).replace("HTTP/1.1", "HTTP/1.0");
    let answer = exchange(&parlor, request).await;
    assert!(answer.contains(" 400 ") || answer.contains(" 426 "), "{answer}");
}

#[tokio::test]
async fn bytes_that_are_no_text_lead_nowhere() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let general = carlos.room("general").await;
    for odd in ["%00", "%ff", "%c3%28", "%ed%a0%80", "%e2%80%ae", "%0d%0aX-Injected:%201", "%", "%zz", "%u0041"] {
        for path in [
            format!("/api/rooms/{odd}/messages"),
            format!("/api/rooms/{}{odd}/messages", general.id),
            format!("/api/rooms/{}/members/{odd}", general.id),
            format!("/api/rooms/{}/messages?before={odd}", general.id),
            format!("/api/rooms/{}/messages?{odd}=1", general.id),
            format!("/api/auth/{odd}"),
            format!("/api/{odd}"),
            format!("/{odd}"),
            format!("/assets/{odd}"),
        ] {
            for method in ["GET", "DELETE"] {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                     Authorization: Bearer {}\r\n\r\n",
                    carlos.token
                );
                let answer = exchange(&parlor, request).await;
                let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
                assert!(!head.contains("x-injected"), "{method} {path}: {answer}");
                // The page's own routes are whatever a browser shows in its address line.
                let is_page = path == format!("/{odd}") && method == "GET";
                match statuses(&answer)[..] {
                    [200] if is_page => {}
                    [400 | 404 | 405 | 422] => {}
                    _ => panic!("{method} {path}: {answer}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_out_of_the_page_or_to_what_is_internal() {
    let parlor = Parlor::starts().await;
    let up = ["..", "%2e%2e", "%2E.", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "...", ".%20."];
    let slashes = ["/", "%2f", "%5c", "\\", "%252f", "//"];
    let mut paths = Vec::new();
    for up in up {
        for slash in slashes {
            for begin in ["/", "/assets/", "/api/auth/", "//"] {
                paths.push(format!("{begin}{up}{slash}{up}{slash}Cargo.toml"));
                paths.push(format!("{begin}{up}{slash}internal/events?after=0"));
                paths.push(format!("{begin}{up}{slash}{up}{slash}{up}{slash}{up}{slash}etc/passwd"));
            }
        }
    }
    paths.extend(["/internal/events?after=0", "/%69nternal/events", "/INTERNAL/events"].map(str::to_owned));
    // Many on one connection, as a scanner sends them: an answer each.
    for some in paths.chunks(50) {
        let all: String = some.iter().map(|path| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).collect();
        let last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answers = exchange(&parlor, format!("{all}{last}")).await;
        let found = statuses(&answers);
        assert_eq!(found.len(), some.len() + 1, "{some:?}: {answers}");
        assert!(found.iter().all(|status| matches!(status, 200 | 400 | 404)), "{some:?}: {found:?}");
        for secret in ["[workspace]", "root:x:", "session_revoked", "person_added", "\"events\""] {
            assert!(!answers.contains(secret), "{secret} among {some:?}");
        }
    }
}

#[tokio::test]
async fn json_however_deep_is_refused_and_crashes_nothing() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for levels in [15, 16, 100, 127, 128, 129, 1_000, 20_000, 100_000] {
            for ending in [format!("1{}", close.repeat(levels)), String::new()] {
                for field in ["name", "kind", "unknown"] {
                    let body = format!(r#"{{"{field}":{}{ending}"#, open.repeat(levels));
                    let body = if ending.is_empty() { body } else { body + "}" };
                    let too_large = body.len() > 128 * 1024;
                    let request = parlor.request(Method::POST, "/api/rooms").bearer_auth(&carlos.token);
                    let answer = Answer::of(request.header("content-type", "application/json").body(body)).await;
                    let expected = if too_large { &[413][..] } else { &[400, 422] };
                    assert!(expected.contains(&answer.status), "{levels} {open:?}: {}", answer.status);
                    assert!(answer.problem().detail.len() > 5, "{}", answer.call);
                }
            }
        }
    }
    carlos.creates_room("still here", "public").await;
}
