//! A session token opens a session as it was made and in no other form; which of several counts is one answer
//! everywhere.

use parlor_protocol::http::Me;
use parlor_testing::{Answer, Parlor, Person, Tab};
use reqwest::{Method, header::HeaderValue};

async fn with_cookie(parlor: &Parlor, path: &str, cookie: &[u8]) -> Answer {
    let cookie = HeaderValue::from_bytes(cookie).unwrap();
    Answer::of(parlor.request(Method::GET, path).header("cookie", cookie)).await
}

fn cookie(token: &str) -> String {
    format!("parlor_session={token}")
}

#[tokio::test]
async fn a_token_with_any_byte_changed_opens_nothing() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let client = parlor.request(Method::GET, "/api/rooms").build_split().0;
    let token = carlos.token.as_bytes();
    let mut tried = 0;
    for at in 0..token.len() {
        // The next letter of the alphabet that tokens are spelt in, and one that differs in its lowest bit alone.
        for changed in [if token[at] == b'A' { b'B' } else { b'A' }, token[at] ^ 1] {
            let mut changed_token = token.to_vec();
            changed_token[at] = changed;
            let Ok(value) = HeaderValue::from_bytes(&[b"parlor_session=", &*changed_token].concat()) else { continue };
            let request = client.get(parlor.url("/api/rooms")).header("cookie", value);
            let shown = String::from_utf8_lossy(&changed_token).into_owned();
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 401, "at {at}: {shown}");
            tried += 1;
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(carlos.is_logged_in().await);
}

#[tokio::test]
async fn a_token_in_another_form_opens_nothing_here_or_at_auth() {
    let parlor = Parlor::starts().await;
    let elsewhere = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    // The same person by the same name, at an installation with a secret of its own.
    let stranger = elsewhere.log_in("carlos").await;
    assert_eq!(stranger.account, carlos.account);
    let token = &carlos.token;
    let body = token.strip_prefix("v4.local.").unwrap();
    for wrong in [
        stranger.token.clone(),
        String::new(),
        token[..token.len() / 2].to_owned(),
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        format!("{token}="),
        format!("{token}."),
        format!("{token}.Zm9vdGVy"),
        format!("v4.public.{body}"),
        format!("v3.local.{body}"),
        format!("v2.local.{body}"),
        format!("V4.LOCAL.{body}"),
        format!("v4.local.{body}{body}"),
        format!("v4.local..{body}"),
        body.to_owned(),
        token.to_uppercase(),
        token.chars().rev().collect(),
        "v4.local.".to_owned(),
        "v4.local.AAAA".to_owned(),
        "A".repeat(16 * 1024),
        "null".to_owned(),
        "%00".to_owned(),
    ] {
        for path in ["/api/rooms", "/api/auth/me", "/api/users"] {
            with_cookie(&parlor, path, cookie(&wrong).as_bytes()).await.refuses(401, "not_logged_in");
            let bearer = parlor.request(Method::GET, path).bearer_auth(&wrong);
            Answer::of(bearer).await.refuses(401, "not_logged_in");
        }
        assert_eq!(parlor.opens_socket(&[("cookie", &cookie(&wrong))]).await.unwrap_err(), 401, "{wrong}");
    }
    for bytes in [&b"parlor_session=\xff\xfe"[..], b"\xff=1", b";;;=;=;", b"parlor_session", b"="] {
        with_cookie(&parlor, "/api/rooms", bytes).await.refuses(401, "not_logged_in");
        with_cookie(&parlor, "/api/auth/me", bytes).await.refuses(401, "not_logged_in");
    }
}

#[tokio::test]
async fn of_two_sessions_the_same_one_counts_everywhere() {
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (his, hers) = (cookie(&carlos.token), cookie(&john.token));
    for (cookies, counts) in [
        (format!("{his}; {hers}"), Some(&carlos)),
        (format!("{hers}; {his}"), Some(&john)),
        (format!("other=1; {hers}; more=2"), Some(&john)),
        // A bad one in front is not passed over for a better one behind.
        (format!("parlor_session=nonsense; {his}"), None),
        // Another name is another cookie.
        (format!("__Host-{his}"), None),
        (format!("xparlor_session={}", carlos.token), None),
        (format!("Parlor_Session={}", carlos.token), None),
    ] {
        same_everywhere(&parlor, &[("cookie", &cookies)], counts).await;
    }
    // Only a client that means it sends a bearer.
    let bearer = format!("Bearer {}", john.token);
    same_everywhere(&parlor, &[("cookie", &his), ("authorization", &bearer)], Some(&john)).await;
    same_everywhere(&parlor, &[("cookie", &his), ("authorization", "Bearer nonsense")], None).await;
}

/// Auth, the chat's calls and its socket take a request for the same person's.
async fn same_everywhere(parlor: &Parlor, headers: &[(&'static str, &str)], counts: Option<&Person>) {
    let get = async |path: &str| {
        let request = parlor.request(Method::GET, path);
        Answer::of(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    };
    let socket = parlor.opens_socket(headers).await;
    let (me, rooms) = (get("/api/auth/me").await, get("/api/rooms").await);
    let Some(person) = counts else {
        me.refuses(401, "not_logged_in");
        rooms.refuses(401, "not_logged_in");
        assert_eq!(socket.unwrap_err(), 401, "{headers:?}");
        return;
    };
    assert_eq!(me.expect(200).json::<Me>().user, person.account, "{headers:?}");
    rooms.expect(200);
    assert_eq!(socket.unwrap().me, person.account, "{headers:?}");
}

#[tokio::test]
async fn another_sites_page_gets_no_socket_however_it_spells_itself() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let (session, port) = (cookie(&carlos.token), parlor.port());
    for origin in [
        "http://evil.example".to_owned(),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://evil.example#127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}@evil.example"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}"),
        format!("ws://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.1:{port} http://127.0.0.1:{port}"),
        "null".to_owned(),
        String::new(),
    ] {
        let headers = [("cookie", session.as_str()), ("origin", origin.as_str())];
        assert_eq!(parlor.opens_socket(&headers).await.unwrap_err(), 403, "{origin:?}");
    }
    let mut twice = parlor_testing::person::upgrade(port);
    let own = format!("http://127.0.0.1:{port}");
    twice.headers_mut().append("cookie", session.parse().unwrap());
    twice.headers_mut().append("origin", own.parse().unwrap());
    assert!(Tab::tries(twice.clone()).await.is_ok());
    twice.headers_mut().append("origin", own.parse().unwrap());
    assert_eq!(Tab::tries(twice).await.unwrap_err(), 403, "two are one too many");
}
