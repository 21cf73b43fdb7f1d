//! Which path gets which file, and how browsers keep it.

use axum::{body::to_bytes, http::Request};
use tower::ServiceExt as _;

use super::*;

fn built(path: &str) -> Option<PageFile> {
    let (content_type, text) = match path {
        "index.html" => ("text/html; charset=utf-8", "<!doctype html>"),
        "assets/index-4f2a.js" => ("text/javascript; charset=utf-8", "start()"),
        "assets/index-4f2a.js.gz" => ("application/gzip", "compressed"),
        "icon.svg" => ("image/svg+xml", "<svg/>"),
        _ => return None,
    };
    Some(PageFile {
        bytes: Cow::Borrowed(text.as_bytes()),
        content_type: content_type.into(),
        etag: format!("\"{path}\""),
        choice: Choice::None,
    })
}

async fn ask(find: Find, method: &str, path: &str, known: Option<&str>) -> (Response, String) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(etag) = known {
        request = request.header(IF_NONE_MATCH, etag);
    }
    let response = serving(find).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (Response::from_parts(head, Body::empty()), String::from_utf8(body.to_vec()).unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_page_is_at_its_routes_and_asked_for_anew_each_time() {
    for path in ["/", "/index.html", "/login", "/rooms/0190f3c2-7a5e-7d1c-9b1a-0123456789ab", "/apiary?x=1"] {
        let (response, body) = ask(built, "GET", path, None).await;
        assert_eq!((response.status(), body.as_str()), (StatusCode::OK, "<!doctype html>"), "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn what_is_hashed_is_kept_for_ever() {
    let (response, body) = ask(built, "GET", "/assets/index-4f2a.js", None).await;
    assert_eq!((response.status(), body.as_str()), (StatusCode::OK, "start()"));
    assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
    let (icon, _) = ask(built, "GET", "/icon.svg", None).await;
    assert_eq!(header(&icon, "cache-control"), "no-cache");
}

#[tokio::test]
async fn whoever_takes_gzip_gets_what_the_build_compressed() {
    for (takes, expected) in [
        ("gzip, deflate, br", "compressed"),
        ("br;q=1.0, GZIP;q=0.5", "compressed"),
        ("gzip;q=0", "start()"),
        ("br", "start()"),
        ("", "start()"),
    ] {
        let request = Request::get("/assets/index-4f2a.js").header(ACCEPT_ENCODING, takes).body(Body::empty());
        let response = serving(built).oneshot(request.unwrap()).await.unwrap();
        let encoding = if expected == "compressed" { "gzip" } else { "" };
        assert_eq!(header(&response, "content-encoding"), encoding, "{takes}");
        assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&response, "vary"), "accept-encoding");
        assert_eq!(to_bytes(response.into_body(), usize::MAX).await.unwrap(), expected, "{takes}");
    }
    let (icon, _) = ask(built, "GET", "/icon.svg", None).await;
    assert_eq!(header(&icon, "vary"), "");
}

#[tokio::test]
async fn a_browser_that_has_it_gets_304() {
    for known in ["\"icon.svg\"", "W/\"icon.svg\"", "\"other\", \"icon.svg\"", "*"] {
        let (response, body) = ask(built, "GET", "/icon.svg", Some(known)).await;
        assert_eq!((response.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(header(&response, "etag"), "\"icon.svg\"");
    }
    assert_eq!(ask(built, "GET", "/icon.svg", Some("\"older\"")).await.0.status(), StatusCode::OK);
}

#[tokio::test]
async fn head_says_the_length_without_the_file() {
    let (response, body) = ask(built, "HEAD", "/icon.svg", None).await;
    assert_eq!((response.status(), body.as_str(), header(&response, "content-length")), (StatusCode::OK, "", "6"));
}

#[tokio::test]
async fn the_services_paths_and_missing_files_are_never_the_page() {
    for path in [
        "/api",
        "/api/nothing",
        "/ws",
        "/internal/x",
        "/healthz/x",
        "/metrics/",
        "/assets/old-1a2b.js",
        "/favicon.ico",
        "/rooms/x.map",
        "/../Cargo.toml",
        "/assets/../../../Cargo.toml",
        "/a/./b",
        "/%2e%2e/Cargo.toml",
        "/..%2f..%2fCargo.toml",
        "/..\\Cargo.toml",
    ] {
        let (response, body) = ask(built, "GET", path, None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}: {body}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn the_page_is_only_read() {
    let (response, _) = ask(built, "POST", "/", None).await;
    assert_eq!((response.status(), header(&response, "allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
}

#[tokio::test]
async fn a_build_without_the_page_says_how_to_make_it() {
    let (response, body) = ask(|_| None, "GET", "/", None).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(body.contains("make build"), "{body}");
}

#[tokio::test]
async fn no_file_outside_the_page_is_read() {
    for path in ["/../Cargo.toml", "/..%2fpackage.json", "//etc/passwd", "/%2fetc%2fpasswd"] {
        let (_, body) = ask(embedded, "GET", path, None).await;
        assert!(!body.contains("[package]") && !body.contains("root:") && !body.contains("\"name\""), "{path}: {body}");
    }
}
