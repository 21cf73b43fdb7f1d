//! What a session is good for, and how it ends.

use std::time::Duration;

use parlor_edge::SessionToken;
use parlor_protocol::{ids::PersonId, time::Timestamp};

use super::*;

#[tokio::test]
async fn without_a_live_session_every_call_is_refused() {
    let open = Installation::with_people().await.opens().await;
    let ann = open.logged_in("ann").await;
    let id: PersonId = ann.gets("/api/auth/me").await.body["user"]["id"].as_str().unwrap().parse().unwrap();
    let (keys, now) = (Keys::derive(SECRET).unwrap(), Timestamp::now());
    let never_begun = SessionToken::begin(id, now);
    let expired = SessionToken { expires: now, ..never_begun };
    let others = Keys::derive("another one of at least 32 characters").unwrap();
    let nobody = open.client();
    let carrying = |token: &str| nobody.clone().carries("authorization", format!("Bearer {token}"));
    for client in [
        nobody.clone(),
        carrying("nonsense"),
        carrying(never_begun.seal(&keys).reveal()),
        carrying(expired.seal(&keys).reveal()),
        carrying(never_begun.seal(&others).reveal()),
    ] {
        client.gets("/api/auth/me").await.is_refused(401, "not_logged_in");
        client.gets("/api/users").await.is_refused(401, "not_logged_in");
        client.asks("POST", "/api/auth/logout", None).await.is_refused(401, "not_logged_in");
        let change = json!({"old": "ann's password", "new": "another password"});
        client.posts("/api/auth/password", change).await.is_refused(401, "not_logged_in");
    }
}

#[tokio::test]
async fn a_logout_ends_that_session_and_no_other() {
    let open = Installation::with_people().await.opens().await;
    let (one, two) = (open.logged_in("ann").await, open.logged_in("ann").await);
    let gone = one.asks("POST", "/api/auth/logout", None).await;
    assert_eq!((gone.status, gone.body), (204, Value::Null));
    assert!(gone.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    one.gets("/api/auth/me").await.is_refused(401, "not_logged_in");
    one.asks("POST", "/api/auth/logout", None).await.is_refused(401, "not_logged_in");
    assert_eq!(two.gets("/api/auth/me").await.status, 200);
}

#[tokio::test]
async fn people_are_listed_by_username() {
    let installation = Installation::with_people().await;
    let open = installation.opens().await;
    let ann = open.logged_in("ann").await;
    installation.adds("alf").await;
    let listed = ann.gets("/api/users").await.body;
    let usernames: Vec<_> = listed.as_array().unwrap().iter().map(|person| &person["username"]).collect();
    assert_eq!(usernames, ["alf", "ann", "bob"]);
    assert_eq!(listed[0].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_and_ends_the_other_sessions() {
    let open = Installation::with_people().await.opens().await;
    let (here, elsewhere) = (open.logged_in("ann").await, open.logged_in("ann").await);
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    let path = "/api/auth/password";
    here.posts(path, change("ann's password", "short")).await.is_refused(422, "invalid_password");
    here.posts(path, change("ann's password", &"x".repeat(1_025))).await.is_refused(422, "invalid_password");
    let before = open.auth.password_checks();
    here.posts(path, change("wrong", "a new password")).await.is_refused(403, "invalid_credentials");
    assert_eq!(open.auth.password_checks() - before, 1);
    assert_eq!(elsewhere.gets("/api/auth/me").await.status, 200);

    assert_eq!(here.posts(path, change("ann's password", "a new password")).await.status, 204);
    assert_eq!(here.gets("/api/auth/me").await.status, 200);
    elsewhere.gets("/api/auth/me").await.is_refused(401, "not_logged_in");
    open.client().logs_in("ann", "ann's password").await.is_refused(401, "invalid_credentials");
    assert_eq!(open.client().logs_in("ann", "a new password").await.status, 200);
}

#[tokio::test]
async fn the_old_password_cannot_be_guessed_with_a_session_either() {
    let open = Installation::with_people().await.login_rate(1).opens().await;
    let ann = open.logged_in("ann").await;
    let change = json!({"old": "wrong", "new": "a new password"});
    ann.posts("/api/auth/password", change.clone()).await.is_refused(403, "invalid_credentials");
    ann.posts("/api/auth/password", change).await.is_refused(429, "rate_limited");
}

#[tokio::test]
async fn sessions_survive_a_restart_and_end_with_their_person() {
    let installation = Installation::with_people().await;
    let Client { carries, .. } = installation.opens().await.logged_in("ann").await;
    let open = installation.opens().await;
    let ann = Client { carries, ..open.client() };
    assert_eq!(ann.gets("/api/auth/me").await.body["user"]["name"], "ann");
    let people = installation.people().await;
    let username = "ann".to_owned().try_into().unwrap();
    people.rename(&username, &"Ann Other".to_owned().try_into().unwrap()).await.unwrap();
    assert_eq!(ann.gets("/api/auth/me").await.body["user"]["name"], "Ann Other");
    people.deactivate(&username).await.unwrap();
    ann.gets("/api/auth/me").await.is_refused(401, "not_logged_in");
    open.client().logs_in("ann", "ann's password").await.is_refused(401, "invalid_credentials");
}

#[tokio::test]
async fn at_a_site_with_https_the_cookie_is_bound_to_its_host() {
    let mut installation = Installation::with_people().await;
    installation.config.public_url = Some("https://chat.example.org".to_owned());
    let open = installation.opens().await;
    let client = open.client().carries("origin", "https://chat.example.org");
    let answer = client.posts("/api/auth/login", json!({"username": "ann", "password": "ann's password"})).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-parlor_session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.headers.contains_key("strict-transport-security"));
    let ann = client.clone().carries("cookie", cookie.split(';').next().unwrap());
    assert_eq!(ann.gets("/api/auth/me").await.status, 200);
    client.carries("origin", "http://localhost").logs_in("ann", "x").await.is_refused(403, "wrong_origin");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_as_that() {
    let refusal = store_failed(StoreError::Unavailable("locked".into()));
    assert_eq!((refusal.0.status(), refusal.0.retry_after_ms), (503, Some(1_000)));
    assert_eq!(store_failed(StoreError::Failed("broken".into())).0.status(), 500);
    assert_eq!(Refusal::from(crate::password::Busy).retry_after_ms, Some(Duration::from_secs(2).as_millis() as u64));
}
