//! What a service alone does not start with, each in a sentence and with exit code 2.

use parlor_testing::Setup;

const SECRET: &str = "a secret that all the services of this test share";

async fn refused(setup: Setup) -> String {
    let (status, said) = setup.ends().await;
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[tokio::test]
async fn a_broker_inside_the_process() {
    for service in [&["auth"] as &[_], &["chat"], &["bot", "stock"]] {
        let said = refused(Setup::service(service).set("PARLOR_SECRET", SECRET).set("PARLOR_BROKER_URL", "memory:"));
        let said = said.await;
        assert!(said.contains("memory:") && said.contains("amqp://"), "{said}");
    }
}

#[tokio::test]
async fn no_secret() {
    for service in [&["auth"] as &[_], &["chat"]] {
        let said = refused(Setup::service(service)).await;
        assert!(said.contains("PARLOR_SECRET"), "{said}");
    }
}

#[tokio::test]
async fn demo_mode_beyond_loopback() {
    for service in [&["auth"] as &[_], &["chat"], &["bot", "stock"]] {
        let setup = Setup::service(service).argument("--demo").set("PARLOR_SECRET", SECRET).listen("0.0.0.0:0");
        let said = refused(setup).await;
        assert!(said.contains("loopback"), "{said}");
    }
}
