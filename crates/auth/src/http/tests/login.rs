//! Logging in, and everything that may be wrong with it.

use super::*;

#[tokio::test]
async fn a_login_answers_with_the_person_and_a_cookie_or_a_token() {
    let open = Installation::with_people().await.opens().await;
    let body = json!({"username": " Ann ", "password": "ann's password"});
    let answer = open.client().posts("/api/auth/login", body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["user"]["username"], "ann");
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("parlor_session=v4.local."), "{cookie}");
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let by_cookie = open.client().carries("cookie", cookie.split(';').next().unwrap());
    assert_eq!(by_cookie.gets("/api/auth/me").await.body, answer.body);

    let with_token = open.client().logs_in("ann", "ann's password").await;
    assert!(!with_token.headers.contains_key("set-cookie"));
    let bearer = format!("Bearer {}", with_token.body["token"].as_str().unwrap());
    assert_eq!(open.client().carries("authorization", bearer).gets("/api/auth/me").await.body, answer.body);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_cost_and_hear_the_same() {
    let installation = Installation::with_people().await;
    installation.people().await.deactivate(&"bob".to_owned().try_into().unwrap()).await.unwrap();
    let open = installation.opens().await;
    let mut answers = Vec::new();
    for (username, password) in [
        ("ann", "wrong"),
        ("nobody", "wrong"),
        ("no name at all", "wrong"),
        ("", ""),
        ("bob", "bob's password"),
        ("bob", "wrong"),
        ("ann", &"long".repeat(1_000)),
    ] {
        let before = open.auth.password_checks();
        let answer = open.client().logs_in(username, password).await;
        assert_eq!(open.auth.password_checks() - before, 1, "{username}");
        answer.is_refused(401, "invalid_credentials");
        answers.push((answer.headers, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn above_the_limit_there_is_a_time_to_wait_for_known_and_unknown_alike() {
    let open = Installation::with_people().await.login_rate(2).opens().await;
    let mut refusals = Vec::new();
    for username in ["ann", "nobody"] {
        for _ in 0..2 {
            open.client().logs_in(username, "wrong").await.is_refused(401, "invalid_credentials");
        }
        let before = open.auth.password_checks();
        let limited = open.client().logs_in(username, "ann's password").await;
        limited.is_refused(429, "rate_limited");
        assert_eq!(open.auth.password_checks(), before);
        let wait: u64 = limited.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((20..=30).contains(&wait), "{wait}");
        refusals.push((limited.status, limited.body["detail"].clone()));
    }
    assert_eq!(refusals[0], refusals[1]);
    assert_eq!(open.client().logs_in("bob", "bob's password").await.status, 200);
    assert_eq!(open.client().at("198.51.100.1").logs_in("ann", "ann's password").await.status, 200);
}

#[tokio::test]
async fn an_address_has_a_limit_of_its_own_and_a_sister_service_speaks_for_its_client() {
    let open = Installation::with_people().await.login_rate(1).opens().await;
    let through_chat = open.sister().at("10.0.0.1").carries(parlor_edge::CLIENT_HEADER, "198.51.100.7");
    for n in 0..10 {
        through_chat.logs_in(&format!("name{n}"), "wrong").await.is_refused(401, "invalid_credentials");
    }
    through_chat.logs_in("ann", "ann's password").await.is_refused(429, "rate_limited");
    let other = through_chat.carries(parlor_edge::CLIENT_HEADER, "198.51.100.8");
    assert_eq!(other.logs_in("ann", "ann's password").await.status, 200);

    let liar = open.client().at("198.51.100.7").carries(parlor_edge::CLIENT_HEADER, "198.51.100.9");
    liar.logs_in("ann", "ann's password").await.is_refused(429, "rate_limited");
}

#[tokio::test]
async fn whoever_knows_the_password_is_not_in_the_way_of_the_limit() {
    let open = Installation::with_people().await.login_rate(1).opens().await;
    for _ in 0..12 {
        assert_eq!(open.client().logs_in("ann", "ann's password").await.status, 200);
    }
}

#[tokio::test]
async fn guesses_side_by_side_do_not_outrun_the_limit() {
    let open = Installation::with_people().await.login_rate(3).opens().await;
    let guesses: Vec<_> = (0..20)
        .map(|n| {
            let client = open.client();
            tokio::spawn(async move { client.logs_in("ann", &format!("guess {n}")).await.status })
        })
        .collect();
    let mut checked = 0;
    for guess in guesses {
        checked += u32::from(guess.await.unwrap() == 401);
    }
    assert_eq!(checked, 3);
    assert_eq!(open.auth.password_checks(), 3);
}

#[tokio::test]
async fn strange_requests_are_problems() {
    let open = Installation::with_people().await.opens().await;
    let client = open.client();
    let login = "/api/auth/login";
    let good = json!({"username": "ann", "password": "ann's password"});
    client.asks("POST", login, None).await.is_refused(415, "unsupported_media_type");
    client.posts(login, json!({"username": "ann"})).await.is_refused(422, "invalid_request");
    client.posts(login, json!({"username": 1, "password": "x"})).await.is_refused(422, "invalid_request");
    client
        .posts(login, json!({"username": "ann", "password": "x", "remember": true}))
        .await
        .is_refused(422, "invalid_request");
    client.posts(login, json!({"username": "a".repeat(200_000), "password": "x"})).await.is_refused(413, "too_large");
    client.gets(login).await.is_refused(405, "method_not_allowed");
    client.gets("/api/auth/nothing").await.is_refused(404, "not_found");
    client.gets("/elsewhere").await.is_refused(404, "not_found");
    client
        .clone()
        .carries("origin", "http://evil.example")
        .posts(login, good.clone())
        .await
        .is_refused(403, "wrong_origin");
    assert_eq!(client.carries("origin", "http://localhost").posts(login, good).await.status, 200);
    assert_eq!(open.auth.password_checks(), 1);
}

#[tokio::test]
async fn demo_people_log_in_in_demo_mode_alone() {
    let installation = Installation::new().demo(Some(2));
    let open = installation.opens().await;
    let client = open.client();
    let mut carlos = client.logs_in("carlos", "1234").await;
    assert_eq!(carlos.status, 200);
    assert_eq!(client.logs_in("demo0002", "1234").await.status, 200);
    client.clone().carries("host", "evil.example").gets("/api/users").await.is_refused(421, "wrong_host");

    let installation = installation.demo(None);
    let open = installation.opens().await;
    open.client().logs_in("carlos", "1234").await.is_refused(401, "invalid_credentials");
    let bearer = format!("Bearer {}", carlos.body["token"].take().as_str().unwrap());
    open.client().carries("authorization", bearer).gets("/api/auth/me").await.is_refused(401, "not_logged_in");
}
