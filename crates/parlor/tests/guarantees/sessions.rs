//! S4, S5: who may log in, how long it holds, and that a logout ends one session everywhere and no other.

use parlor_protocol::http::{Info, LoginAnswer, Me};
use parlor_testing::{Answer, Parlor, Setup, Tab};
use reqwest::Method;
use serde_json::json;

/// A login from a browser: the answer with its cookie.
async fn from_a_browser(parlor: &Parlor, username: &str) -> Answer {
    let login = json!({"username": username, "password": "1234"});
    let request = parlor.request(Method::POST, "/api/auth/login").header("origin", parlor.url("")).json(&login);
    Answer::of(request).await.expect(200)
}

/// `name=value` of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_three_demo_people_log_in_with_1234() {
    let parlor = Parlor::starts().await;
    let info: Info = parlor.get("/api/info").await.expect(200).json();
    assert!(info.demo);
    let names: Vec<_> = info.demo_people.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["carlos", "john", "gerard"]);
    for name in names {
        let person = parlor.log_in(name).await;
        assert_eq!(person.account.username.as_str(), name);
        assert!(person.is_logged_in().await);
        assert!(person.room("general").await.member);
    }
}

#[tokio::test]
async fn more_demo_people_come_on_request() {
    let parlor = Setup::demo().argument("--demo-people").argument("3").starts().await;
    let last = parlor.log_in("demo0003").await;
    assert!(last.room("general").await.member);
    parlor.tries_to_log_in("demo0004", "1234").await.refuses(401, "invalid_credentials");
    assert_eq!(last.members_of(&last.room("general").await).await.len(), 6);
}

#[tokio::test]
async fn without_demo_mode_nobody_can_log_in_and_the_server_is_ready() {
    let parlor = Setup::default().starts().await;
    let info: Info = parlor.get("/api/info").await.expect(200).json();
    assert!(!info.demo && info.demo_people.is_empty());
    parlor.tries_to_log_in("carlos", "1234").await.refuses(401, "invalid_credentials");
}

#[tokio::test]
async fn demo_mode_is_refused_beyond_loopback() {
    let (status, said) = Setup::demo().listen("0.0.0.0:0").ends().await;
    assert!(!status.success());
    assert!(said.contains("loopback"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_reload_keeps_one_logged_in_by_a_cookie_that_scripts_cannot_read() {
    let parlor = Parlor::starts().await;
    let answer = from_a_browser(&parlor, "carlos").await;
    let login: LoginAnswer = answer.json();
    assert_eq!(login.token, None, "a token in the body is for those who asked for one");
    let set = answer.header("set-cookie");
    let attributes: Vec<_> = set.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase()).collect();
    assert!(attributes.contains(&"httponly".to_owned()), "{set}");
    assert!(attributes.contains(&"path=/".to_owned()), "{set}");
    assert!(attributes.iter().any(|part| part == "samesite=lax" || part == "samesite=strict"), "{set}");
    for _reload in 0..2 {
        let me = parlor.request(Method::GET, "/api/auth/me").header("cookie", cookie(&answer));
        let me: Me = Answer::of(me).await.expect(200).json();
        assert_eq!(me.user, login.user);
    }
}

#[tokio::test]
async fn a_token_is_answered_without_a_cookie() {
    let parlor = Parlor::starts().await;
    let answer = parlor.tries_to_log_in("carlos", "1234").await.expect(200);
    assert_eq!(answer.header("set-cookie"), "");
    assert!(answer.json::<LoginAnswer>().token.is_some());
}

#[tokio::test]
async fn a_private_window_logs_in_as_somebody_else() {
    let parlor = Parlor::starts().await;
    let (window, private) = (from_a_browser(&parlor, "carlos").await, from_a_browser(&parlor, "john").await);
    for (cookie, name) in [(cookie(&window), "carlos"), (cookie(&private), "john")] {
        let me = parlor.request(Method::GET, "/api/auth/me").header("cookie", cookie);
        assert_eq!(Answer::of(me).await.expect(200).json::<Me>().user.username.as_str(), name);
    }
}

#[tokio::test]
async fn a_logout_ends_that_session_everywhere_at_once_and_no_other() {
    let parlor = Parlor::starts().await;
    let (carlos, carlos_elsewhere) = (parlor.log_in("carlos").await, parlor.log_in("carlos").await);
    let (mut first, mut second) = (carlos.connects().await, carlos.connects().await);
    let mut elsewhere = carlos_elsewhere.connects().await;
    carlos.logs_out().await;
    assert_eq!(first.is_closed().await, Some(4401));
    assert_eq!(second.is_closed().await, Some(4401));
    assert!(!carlos.is_logged_in().await);
    assert_eq!(Tab::tries(carlos.upgrade()).await.unwrap_err(), 401);
    let general = elsewhere.room("general").clone();
    elsewhere.says("still here").in_room(&general).await;
    assert!(carlos_elsewhere.is_logged_in().await);
}

#[tokio::test]
async fn a_logout_of_a_browser_takes_its_cookie_back() {
    let parlor = Parlor::starts().await;
    let cookie = cookie(&from_a_browser(&parlor, "carlos").await);
    let with_cookie = |method, path| parlor.request(method, path).header("cookie", &cookie);
    let logout = with_cookie(Method::POST, "/api/auth/logout").header("origin", parlor.url(""));
    let gone = Answer::of(logout).await.expect(204);
    assert!(gone.header("set-cookie").to_ascii_lowercase().contains("max-age=0"), "{:?}", gone.headers);
    // The cookie as it was is of no use either.
    Answer::of(with_cookie(Method::GET, "/api/auth/me")).await.refuses(401, "not_logged_in");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let parlor = Parlor::starts().await;
    let wrong = parlor.tries_to_log_in("carlos", "4321").await;
    wrong.refuses(401, "invalid_credentials");
    for unknown in ["nobody", "", "no such name", "Carlos\u{0}", &"x".repeat(500)] {
        let answer = parlor.tries_to_log_in(unknown, "4321").await;
        assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body), "{unknown:?}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&wrong), "{unknown:?}");
    }
}

#[tokio::test]
async fn one_password_is_checked_whether_the_name_is_known_or_not() {
    let parlor = Parlor::starts().await;
    let mut checks = parlor.metric("parlor_password_checks_total").await;
    for name in ["carlos", "nobody", "no such name"] {
        parlor.tries_to_log_in(name, "4321").await.refuses(401, "invalid_credentials");
        let now = parlor.metric("parlor_password_checks_total").await;
        assert!((now - checks - 1.0).abs() < 0.5, "{name}: {checks} before, {now} after");
        checks = now;
    }
}

#[tokio::test]
async fn failed_logins_are_limited_alike_for_known_and_unknown_names() {
    let parlor = Setup::demo().set("PARLOR_LOGIN_RATE", "3").starts().await;
    for name in ["carlos", "nobody"] {
        for _attempt in 0..3 {
            parlor.tries_to_log_in(name, "4321").await.refuses(401, "invalid_credentials");
        }
        let limited = parlor.tries_to_log_in(name, "4321").await;
        limited.refuses(429, "rate_limited");
        let seconds: u64 = limited.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert!(limited.problem().retry_after_ms.is_some());
    }
    parlor.log_in("john").await;
}

#[tokio::test]
async fn no_login_is_limited_where_the_limit_is_off() {
    let parlor = Setup::demo().set("PARLOR_LOGIN_RATE", "0").starts().await;
    for _attempt in 0..15 {
        parlor.tries_to_log_in("carlos", "4321").await.refuses(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_tampered_token_is_no_session() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let mut tampered = vec![String::new(), "v4.local.AAAA".to_owned(), "x".repeat(5_000), format!("{}A", carlos.token)];
    for at in [10, carlos.token.len() / 2, carlos.token.len() - 5] {
        let other = if carlos.token.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut token = carlos.token.clone();
        token.replace_range(at..=at, other);
        tampered.push(token);
    }
    for token in tampered {
        let me = parlor.request(Method::GET, "/api/auth/me").bearer_auth(&token);
        Answer::of(me).await.refuses(401, "not_logged_in");
        let bearer = format!("Bearer {token}");
        assert_eq!(parlor.opens_socket(&[("authorization", &bearer)]).await.unwrap_err(), 401);
    }
}
