//! The page's files, which are inside the binary: from `web/dist` as `make build` leaves it.

use std::borrow::Cow;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            VARY,
        },
    },
    response::{IntoResponse as _, Response},
};
use parlor_edge::fallback;
use rust_embed::Embed;

const INDEX: &str = "index.html";

/// Where files have their content's hash in their name.
const HASHED: &str = "assets/";

/// What a path of the server begins with. The page has no route there.
const SERVERS_OWN: [&str; 8] = ["api", "ws", "internal", "healthz", "readyz", "metrics", "assets", "licences"];

const NOT_BUILT: &str = "The page is not part of this build: run `make build` and start target/release/parlor.\n";

/// One file of the page.
struct PageFile {
    bytes: Cow<'static, [u8]>,
    content_type: String,
    etag: String,
    choice: Choice,
}

/// Whether the build holds the file compressed as well, and which of the two is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    None,
    Plain,
    Compressed,
}

/// Finds a file by its path in `web/dist`.
type Find = fn(&str) -> Option<PageFile>;

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Embedded;

fn embedded(path: &str) -> Option<PageFile> {
    let file = Embedded::get(path)?;
    let kind = file.metadata.mimetype();
    let charset = if kind.starts_with("text/") { "; charset=utf-8" } else { "" };
    let etag = format!("\"{}\"", crate::secret::hex(&file.metadata.sha256_hash()[..12]));
    Some(PageFile { content_type: format!("{kind}{charset}"), etag, bytes: file.data, choice: Choice::None })
}

/// Answers whatever no service answers: with a file of the page, with the page itself on its own routes, or 404.
pub fn router() -> Router {
    serving(embedded)
}

fn serving(find: Find) -> Router {
    Router::new().fallback(answer).with_state(find)
}

async fn answer(State(find): State<Find>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return ([(ALLOW, "GET,HEAD")], fallback::wrong_method().await).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    if path.split('/').any(|part| part == ".." || part == ".") || path.contains(['\\', '\0']) {
        return fallback::unknown_path().await.into_response();
    }
    if !path.is_empty()
        && path != INDEX
        && let Some(mut file) = find(path)
    {
        if let Some(smaller) = find(&format!("{path}.gz")) {
            file.choice = if takes_gzip(&headers) { Choice::Compressed } else { Choice::Plain };
            if file.choice == Choice::Compressed {
                (file.bytes, file.etag) = (smaller.bytes, smaller.etag);
            }
        }
        let cache = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
        return send(file, cache, &method, &headers);
    }
    if !is_route(path) {
        return fallback::unknown_path().await.into_response();
    }
    match find(INDEX) {
        Some(index) => send(index, "no-cache", &method, &headers),
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

/// Whether the page, not a file or a service, is meant: no extension, and none of the server's own beginnings.
fn is_route(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path == INDEX || (!SERVERS_OWN.contains(&first) && !last.contains('.'))
}

/// Whether `gzip` is among the encodings that are taken (RFC 9110, section 12.5.3); a weight of nothing means no.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|encoding| {
        let (name, weight) = encoding.split_once(';').unwrap_or((encoding, ""));
        let refused = matches!(weight.trim().trim_start_matches("q="), "0" | "0." | "0.0" | "0.00" | "0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn send(file: PageFile, cache: &'static str, method: &Method, headers: &HeaderMap) -> Response {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|tags| {
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == file.etag)
    });
    let mut response = Response::new(Body::empty());
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(CONTENT_TYPE, text(&file.content_type));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    response.headers_mut().insert(ETAG, text(&file.etag));
    if file.choice != Choice::None {
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    }
    if file.choice == Choice::Compressed && !known {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if known {
        return response;
    }
    if method == Method::HEAD {
        response.headers_mut().insert(CONTENT_LENGTH, file.bytes.len().into());
        return response;
    }
    *response.body_mut() = match file.bytes {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    response
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests;
