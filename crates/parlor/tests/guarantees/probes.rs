//! `/healthz`, `/readyz` and `/metrics`: alive, ready and perhaps without some part, and figures for those who may see them.

use parlor_testing::{Answer, Parlor, Quotes, Setup, eventually};
use reqwest::Method;

#[tokio::test]
async fn a_running_server_is_alive_and_ready() {
    let parlor = Parlor::starts().await;
    parlor.get("/healthz").await.expect(200);
    let ready = parlor.readiness().await;
    assert!(ready.ready);
    assert_eq!(ready.degraded, Vec::<String>::new());
}

#[tokio::test]
async fn the_figures_follow_what_happens() {
    let quotes = Quotes::start().await;
    let parlor = Setup::demo().quotes_from(&quotes).starts().await;
    let carlos = parlor.log_in("carlos").await;
    carlos.can_use("stock").await;
    assert!(parlor.metric("parlor_sockets").await.abs() < 0.5);
    let mut one = carlos.connects().await;
    let two = carlos.connects().await;
    let general = one.room("general").clone();
    let before = parlor.metric("parlor_entries_total").await;
    one.says("hi").in_room(&general).await;
    one.asks("/stock aapl.us", &general).await.message();
    assert!((parlor.metric("parlor_entries_total").await - before - 2.0).abs() < 0.5);
    assert!((parlor.metric("parlor_commands_total").await - 1.0).abs() < 0.5);
    assert!((parlor.metric("parlor_sockets").await - 2.0).abs() < 0.5);
    two.leaves().await;
    eventually("figure without the socket that left", async || {
        ((parlor.metric("parlor_sockets").await - 1.0).abs() < 0.5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn metrics_are_text_for_prometheus_with_a_type_for_each() {
    let parlor = Parlor::starts().await;
    parlor.log_in("carlos").await;
    let answer = parlor.get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.header("content-type"));
    for line in answer.body.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, value) = line.rsplit_once(' ').expect(line);
        assert!(name.starts_with("parlor_") && value.parse::<f64>().is_ok(), "{line}");
        // A figure must not tell who, where, or what.
        assert!(!line.contains("carlos") && !line.contains("general"), "{line}");
    }
}

#[tokio::test]
async fn from_beyond_loopback_metrics_need_the_token() {
    let settings = Setup::demo().set("PARLOR_METRICS_TOKEN", "let me see the figures");
    let parlor = settings.set("PARLOR_TRUSTED_PROXIES", "127.0.0.0/8").starts().await;
    let from_afar = |token: Option<&str>| {
        let request = parlor.request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.7");
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    };
    from_afar(None).await.refuses(401, "not_logged_in");
    from_afar(Some("let me see")).await.refuses(401, "not_logged_in");
    from_afar(Some("let me see the figures")).await.expect(200);
    parlor.get("/metrics").await.expect(200);
}
