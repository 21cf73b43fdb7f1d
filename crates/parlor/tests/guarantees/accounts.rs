//! P1: accounts outside demo mode, made by command while the server runs, and people's own passwords.

use parlor_testing::{Parlor, Setup};
use serde_json::json;

#[tokio::test]
async fn an_account_made_by_command_logs_in_and_nobody_else() {
    let parlor = Setup::default().starts().await;
    let (status, said) =
        parlor.runs(&["user", "add", "anna", "--password-stdin", "--admin"], "a good password\n").await;
    assert!(status.success(), "{said}");
    assert!(!said.contains("a good password"), "{said}");
    let anna = parlor.log_in_with("anna", "a good password").await;
    let mut tab = anna.connects().await;
    let mine = anna.creates_room("Anna's", "public").await;
    tab.says("alone so far").in_room(&mine).await;
    parlor.tries_to_log_in("anna", "a bad password").await.refuses(401, "invalid_credentials");
    parlor.tries_to_log_in("carlos", "1234").await.refuses(401, "invalid_credentials");
}

#[tokio::test]
async fn a_password_that_nobody_chose_is_made_up_and_printed() {
    let parlor = Setup::default().starts().await;
    let (status, said) = parlor.runs(&["user", "add", "anna"], "").await;
    assert!(status.success(), "{said}");
    let mut logged_in = 0;
    for word in said.split(|c: char| c.is_whitespace() || c == '"').filter(|word| word.len() >= 12) {
        logged_in += usize::from(parlor.tries_to_log_in("anna", word).await.status == 200);
    }
    assert_eq!(logged_in, 1, "the password is one of the words of: {said}");
}

#[tokio::test]
async fn an_account_is_not_made_twice_nor_under_a_name_that_hides_something() {
    let parlor = Setup::default().starts().await;
    let adds = async |name: &str| parlor.runs(&["user", "add", name, "--password-stdin"], "a good password\n").await.0;
    assert!(adds("anna").await.success());
    for name in ["anna", "ANNA", "", "an na", "аnna", "a\u{200b}nna"] {
        assert!(!adds(name).await.success(), "{name:?}");
    }
}

#[tokio::test]
async fn a_changed_password_ends_ones_other_sessions() {
    let parlor = Parlor::starts().await;
    let (carlos, elsewhere, john) =
        (parlor.log_in("carlos").await, parlor.log_in("carlos").await, parlor.log_in("john").await);
    let (mut here, mut there, mut his) = (carlos.connects().await, elsewhere.connects().await, john.connects().await);
    carlos.posts("/api/auth/password", json!({"old": "1234", "new": "a good password"})).await.expect(204);
    assert_eq!(there.is_closed().await, Some(4401));
    assert!(!elsewhere.is_logged_in().await);
    assert!(carlos.is_logged_in().await && john.is_logged_in().await);
    let general = here.room("general").clone();
    here.says("still me").in_room(&general).await;
    his.hears_message("still me").await;
    parlor.tries_to_log_in("carlos", "1234").await.refuses(401, "invalid_credentials");
    parlor.log_in_with("carlos", "a good password").await;
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_the_old_one_and_to_a_good_one() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let changes =
        async |old: &str, new: &str| carlos.posts("/api/auth/password", json!({"old": old, "new": new})).await;
    changes("4321", "a good password").await.refuses(403, "invalid_credentials");
    changes("1234", "short").await.refuses(422, "invalid_password");
    changes("1234", &"x".repeat(2_000)).await.refuses(422, "invalid_password");
    carlos.posts("/api/auth/password", json!({"old": "1234"})).await.refuses(422, "invalid_request");
    parlor.log_in("carlos").await;
}

#[tokio::test]
async fn everyone_with_an_account_is_listed_and_no_bot() {
    let parlor = Parlor::starts().await;
    let carlos = parlor.log_in("carlos").await;
    let people: Vec<parlor_protocol::auth::Person> = carlos.gets("/api/users").await.expect(200).json();
    let mut names: Vec<_> = people.iter().map(|person| person.username.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["carlos", "gerard", "john"]);
}
