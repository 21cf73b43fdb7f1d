//! Every path of the published OpenAPI document, with the wrong method, the wrong kind of body and every sort of
//! broken one: a problem each time, and never a server error.

use parlor_protocol::http::Room;
use parlor_testing::{Answer, Parlor, Person};
use reqwest::Method;
use serde_json::Value;

const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "MAKE-COFFEE"];

/// A call as the document has it, about things that are there.
struct Call {
    path: String,
    methods: Vec<(String, Option<Value>)>,
}

fn calls(general: &Room, person: &Person) -> Vec<Call> {
    let document = include_str!("../../../../docs/openapi.json");
    let document: Value = serde_json::from_str(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let call = |(path, operations): (&String, &Value)| Call {
        path: path
            .replace("{id}", &general.id.to_string())
            .replace("{message_id}", "0190f3c2-7a5e-7d1c-9b1a-0123456789ab")
            .replace("{user_id}", &person.id()),
        methods: (operations.as_object().unwrap().iter())
            .map(|(method, operation)| (method.to_uppercase(), operation.get("requestBody").cloned()))
            .filter(|(method, _)| METHODS.contains(&&**method))
            .collect(),
    };
    paths.iter().map(call).collect()
}

fn request(parlor: &Parlor, person: &Person, method: &str, path: &str) -> reqwest::RequestBuilder {
    parlor.request(Method::from_bytes(method.as_bytes()).unwrap(), path).bearer_auth(&person.token)
}

#[tokio::test]
async fn a_wrong_method_is_a_problem_that_names_the_right_ones() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let general = carlos.room("general").await;
    let mut tried = 0;
    for call in calls(&general, &carlos) {
        let knows = |method: &str| call.methods.iter().any(|(known, _)| known == method);
        for method in METHODS {
            if knows(method) || (method == "HEAD" && knows("GET")) {
                continue;
            }
            let answer = Answer::of(request(&parlor, &carlos, method, &call.path)).await;
            assert_eq!(answer.status, 405, "{}: {}", answer.call, answer.body);
            let allowed = answer.header("allow");
            for (known, _) in &call.methods {
                assert!(allowed.split(',').any(|one| one.trim() == known), "{}: {allowed:?}", answer.call);
            }
            if method != "HEAD" {
                answer.refuses(405, "method_not_allowed");
            }
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn a_body_of_another_kind_or_a_broken_one_is_a_problem() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let general = carlos.room("general").await;
    let deep = |levels: usize| format!(r#"{{"name":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels)).into_bytes();
    let json = "application/json";
    let broken: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("text/plain", b"{}".to_vec(), &[415]),
        ("application/x-www-form-urlencoded", b"username=carlos&password=1234".to_vec(), &[415]),
        ("multipart/form-data; boundary=x", b"--x--".to_vec(), &[415]),
        ("application/xml", b"<x/>".to_vec(), &[415]),
        ("application/json-patch+json", b"{}".to_vec(), &[415]),
        ("\u{ff}\u{fe}", b"{}".to_vec(), &[415]),
        (json, Vec::new(), &[400]),
        (json, b"{".to_vec(), &[400]),
        (json, b"\xef\xbb\xbf{}".to_vec(), &[400]),
        (json, b"{\"name\":\"\xff\"}".to_vec(), &[400, 422]),
        (json, b"{\"username\":\"a\0\"}".to_vec(), &[400, 422]),
        (json, b"\0".to_vec(), &[400]),
        (json, br#"{"text":"\ud800"}"#.to_vec(), &[400, 422]),
        (json, b"{} {}".to_vec(), &[400]),
        (json, b"[]".to_vec(), &[422]),
        (json, b"null".to_vec(), &[422]),
        (json, b"1e999".to_vec(), &[400, 422]),
        (json, br#"{"__proto__":{},"constructor":1}"#.to_vec(), &[422]),
        (json, br#"{"seq":1e400}"#.to_vec(), &[400, 422]),
        (json, br#"{"seq":-1,"text":0,"name":0,"user_id":0,"username":0,"old":0}"#.to_vec(), &[422]),
        (json, deep(17), &[422]),
        (json, deep(60_000), &[400, 422]),
        (json, vec![b' '; 200 * 1024], &[413]),
    ];
    let mut tried = 0;
    for call in calls(&general, &carlos) {
        for (method, body) in call.methods.iter().filter(|(_, body)| body.is_some()) {
            assert!(body.as_ref().unwrap()["content"][json].is_object(), "{}", call.path);
            for (kind, bytes, statuses) in &broken {
                let kind = reqwest::header::HeaderValue::from_bytes(kind.as_bytes()).unwrap();
                let request = request(&parlor, &carlos, method, &call.path).header("content-type", &kind);
                let answer = Answer::of(request.body(bytes.clone())).await;
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(30)]).into_owned();
                assert!(statuses.contains(&answer.status), "{} {kind:?} {shown:?}: {}", answer.call, answer.status);
                assert!(answer.problem().detail.len() > 5, "{}", answer.call);
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "{tried}");
    assert!(carlos.is_logged_in().await);
    assert!((parlor.metric("parlor_http_panics_total").await).abs() < 0.5);
}
