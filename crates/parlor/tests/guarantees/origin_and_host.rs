//! Calls that change something come from this site's page or from no browser; demo mode answers to the machine's own
//! names only.

use parlor_testing::{Answer, Parlor, Setup};
use reqwest::Method;
use serde_json::json;

fn login(parlor: &Parlor, origin: Option<&str>) -> impl Future<Output = Answer> {
    let body = json!({"username": "carlos", "password": "1234"});
    let request = parlor.request(Method::POST, "/api/auth/login").json(&body);
    Answer::of(match origin {
        Some(origin) => request.header("origin", origin),
        None => request,
    })
}

const FOREIGN: [&str; 7] = [
    "http://evil.example",
    "https://127.0.0.1",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://127.0.0.1.evil.example",
    "null",
    "file://",
];

#[tokio::test]
async fn a_call_from_another_sites_page_is_refused() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for origin in FOREIGN {
        login(&parlor, Some(origin)).await.refuses(403, "wrong_origin");
        for (method, path, body) in [
            (Method::POST, "/api/auth/logout", None),
            (Method::POST, "/api/rooms", Some(json!({"name": "x", "kind": "public"}))),
            (Method::POST, "/api/direct", Some(json!({"user_id": carlos.id()}))),
        ] {
            let mut request = parlor.request(method, path).bearer_auth(&carlos.token).header("origin", origin);
            if let Some(body) = body {
                request = request.json(&body);
            }
            Answer::of(request).await.refuses(403, "wrong_origin");
        }
        let bearer = format!("Bearer {}", carlos.token);
        let upgrade = [("authorization", bearer.as_str()), ("origin", origin)];
        assert_eq!(parlor.opens_socket(&upgrade).await.unwrap_err(), 403, "{origin}");
    }
    assert!(carlos.is_logged_in().await);
    assert_eq!(carlos.rooms().await.len(), 1);
}

#[tokio::test]
async fn a_call_from_this_sites_page_or_from_no_browser_passes() {
    let parlor = Parlor::starts().await;
    login(&parlor, None).await.expect(200);
    login(&parlor, Some(&parlor.url(""))).await.expect(200);
    let as_localhost = parlor
        .request(Method::POST, "/api/auth/login")
        .header("host", format!("localhost:{}", parlor.port()))
        .header("origin", format!("http://localhost:{}", parlor.port()))
        .json(&json!({"username": "carlos", "password": "1234"}));
    Answer::of(as_localhost).await.expect(200);
}

#[tokio::test]
async fn with_a_public_url_its_origin_alone_counts_and_the_cookie_is_bound_to_https() {
    let settings = Setup::default().set("PARLOR_PUBLIC_URL", "https://chat.example.org");
    let parlor = settings.starts().await;
    let (status, said) = parlor.runs(&["user", "add", "carlos", "--password-stdin"], "a good password\n").await;
    assert!(status.success(), "{said}");
    let login = async |origin: &str| {
        let body = json!({"username": "carlos", "password": "a good password"});
        Answer::of(parlor.request(Method::POST, "/api/auth/login").header("origin", origin).json(&body)).await
    };
    for origin in [parlor.url("").as_str(), "http://chat.example.org", "https://chat.example.org:444"] {
        login(origin).await.refuses(403, "wrong_origin");
    }
    let answer = login("https://chat.example.org").await.expect(200);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    assert!(cookie.to_ascii_lowercase().contains("secure"), "{cookie}");
    let me = parlor.request(Method::GET, "/api/auth/me").header("cookie", cookie.split(';').next().unwrap());
    Answer::of(me).await.expect(200);
}

#[tokio::test]
async fn demo_mode_answers_to_no_other_name_than_the_machines_own() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let named = |path: &str, host: &str| Answer::of(parlor.request(Method::GET, path).header("host", host));
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2"] {
        for path in ["/", "/api/info", "/api/rooms", "/nowhere"] {
            assert_eq!(named(path, host).await.status, 421, "{host}{path}");
        }
        named("/api/info", host).await.refuses(421, "wrong_host");
        let bearer = format!("Bearer {}", carlos.token);
        let upgrade = [("authorization", bearer.as_str()), ("host", host)];
        assert_eq!(parlor.opens_socket(&upgrade).await.unwrap_err(), 421, "{host}");
    }
    for host in ["localhost", "localhost:8080", "127.0.0.1", "[::1]", "[::1]:8080"] {
        assert_eq!(named("/api/info", host).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let attempts = async |parlor: &Parlor| {
        let mut statuses = Vec::new();
        for address in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"] {
            let body = json!({"username": "carlos", "password": "4321"});
            let request = parlor.request(Method::POST, "/api/auth/login").header("x-forwarded-for", address);
            statuses.push(Answer::of(request.json(&body)).await.status);
        }
        statuses
    };
    let direct = Setup::demo().set("PARLOR_LOGIN_RATE", "2").starts().await;
    assert_eq!(attempts(&direct).await, [401, 401, 429, 429]);
    let behind =
        Setup::demo().set("PARLOR_LOGIN_RATE", "2").set("PARLOR_TRUSTED_PROXIES", "127.0.0.0/8").starts().await;
    assert_eq!(attempts(&behind).await, [401, 401, 401, 401]);
}
