//! What every answer carries, and what stands where nothing is: strict policies, and problems under `/api`.

use parlor_testing::{Answer, Parlor, Setup, raw::Raw};
use reqwest::Method;

/// The directives of a content security policy.
fn directives(answer: &Answer) -> Vec<(String, Vec<String>)> {
    let policy = answer.header("content-security-policy");
    let parts = policy.split(';').map(|part| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    parts.filter(|words| !words.is_empty()).map(|words| (words[0].clone(), words[1..].to_vec())).collect()
}

#[tokio::test]
async fn every_answer_is_under_a_strict_content_security_policy() {
    let parlor = Parlor::starts().await;
    for path in ["/", "/api/info", "/api/rooms", "/api/nowhere", "/healthz", "/rooms/some", "/assets/none.js"] {
        let answer = parlor.get(path).await;
        let policy = directives(&answer);
        assert!(policy.contains(&("default-src".into(), vec!["'none'".into()])), "{path}: {policy:?}");
        for (name, sources) in &policy {
            for unsafe_one in ["'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"] {
                assert!(!sources.iter().any(|source| source == unsafe_one), "{path}: {name} {sources:?}");
            }
        }
        for name in ["script-src", "style-src", "connect-src"] {
            let expected = (name.to_owned(), vec!["'self'".to_owned()]);
            assert!(policy.contains(&expected), "{path}: {policy:?}");
        }
        for name in ["frame-ancestors", "base-uri"] {
            assert!(policy.contains(&(name.to_owned(), vec!["'none'".to_owned()])), "{path}: {policy:?}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_other_security_headers() {
    let parlor = Parlor::starts().await;
    for path in ["/", "/api/info", "/api/nowhere", "/healthz"] {
        let answer = parlor.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    assert_eq!(parlor.get("/api/info").await.header("cache-control"), "no-store");
    assert_eq!(parlor.get("/api/info").await.header("strict-transport-security"), "");
    let https = Setup::default().set("PARLOR_PUBLIC_URL", "https://chat.example.org").starts().await;
    assert!(https.get("/api/info").await.header("strict-transport-security").contains("max-age="));
}

#[tokio::test]
async fn an_unknown_path_under_api_is_a_problem_and_never_the_page() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for path in
        ["/api", "/api/", "/api/nowhere", "/api/rooms/", "/api/rooms/x/y/z", "/api/auth", "/api/auth/x", "/api//rooms"]
    {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            carlos.calls(method, path, None).await.refuses(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    for (method, path, allowed) in [
        (Method::GET, "/api/auth/login", "POST"),
        (Method::PUT, "/api/auth/login", "POST"),
        (Method::DELETE, "/api/rooms", "GET"),
        (Method::PATCH, "/api/users", "GET"),
        (Method::POST, "/api/commands", "GET"),
        (Method::GET, "/api/direct", "POST"),
        (Method::POST, "/api/info", "GET"),
    ] {
        let answer = carlos.calls(method.clone(), path, None).await;
        answer.refuses(405, "method_not_allowed");
        assert!(answer.header("allow").contains(allowed), "{method} {path}: {:?}", answer.header("allow"));
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_page() {
    let parlor = Parlor::starts().await;
    for path in [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2fparlor.toml",
        "/..\\..\\etc\\passwd",
        "//etc/passwd",
    ] {
        let mut raw = Raw::connects(parlor.port()).await;
        raw.sends(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")).await;
        let answer = String::from_utf8_lossy(&raw.reads_to_the_end().await).into_owned();
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.starts_with("HTTP/1.1 5"), "{path}: {answer}");
    }
}
