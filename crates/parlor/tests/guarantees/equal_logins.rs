//! A failed login says and costs the same whether there is such an account or not; whoever is over the limit costs
//! nothing.

use parlor_testing::{Answer, Parlor, Setup};

/// A failed login, with the passwords that were checked for it.
async fn fails(parlor: &Parlor, username: &str, password: &str) -> (Answer, f64) {
    let before = parlor.metric("parlor_password_checks_total").await;
    let answer = parlor.tries_to_log_in(username, password).await;
    (answer, parlor.metric("parlor_password_checks_total").await - before)
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_cost_and_hear_the_same() {
    let parlor = Setup::demo().set("PARLOR_LOGIN_RATE", "0").starts().await;
    let (wrong, checks) = fails(&parlor, "carlos", "4321").await;
    wrong.refuses(401, "invalid_credentials");
    assert!((checks - 1.0).abs() < 0.5, "{checks}");
    let long = "x".repeat(1_000);
    for (username, password) in [
        ("nobody", "4321"),
        ("nobody", "1234"),
        ("nobody", ""),
        ("carlos", ""),
        ("carlos", "1234 "),
        ("carlos", "1234\0"),
        ("no such name at all!", "1234"),
        ("", ""),
        ("' OR 1=1 --", "' OR 1=1 --"),
        (long.as_str(), long.as_str()),
        ("carlos\u{202e}", "1234"),
    ] {
        let (answer, checks) = fails(&parlor, username, password).await;
        assert!((checks - 1.0).abs() < 0.5, "{username:?}: {checks}");
        assert_eq!((answer.status, &answer.body), (wrong.status, &wrong.body), "{username:?}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&wrong), "{username:?}");
    }
}

#[tokio::test]
async fn above_the_limit_nothing_is_checked_for_known_and_unknown_names_alike() {
    let parlor = Setup::demo().set("PARLOR_LOGIN_RATE", "3").starts().await;
    let mut heard = Vec::new();
    for username in ["carlos", "nobody"] {
        for _ in 0..3 {
            let (answer, checks) = fails(&parlor, username, "4321").await;
            answer.refuses(401, "invalid_credentials");
            assert!((checks - 1.0).abs() < 0.5);
        }
        for _ in 0..5 {
            // Not even the right password.
            let (answer, checks) = fails(&parlor, username, "1234").await;
            answer.refuses(429, "rate_limited");
            assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
            assert!(checks.abs() < 0.5, "{username}: {checks}");
            heard.push(answer.problem().detail);
        }
    }
    heard.dedup();
    assert_eq!(heard.len(), 1);
    parlor.log_in("john").await;
}
