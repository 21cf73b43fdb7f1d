//! P7: the server connects to nobody but the quote provider, and to that only when asked.

use std::net::SocketAddr;

use parlor_testing::{Mood, Parlor, Quotes, Setup, Tab, connections::Watcher};

/// Everything people do, but commands of bots.
async fn ordinary_use(parlor: &Parlor) -> Tab {
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    carlos.can_use("stock").await;
    let (mut his, mut johns) = (carlos.connects().await, john.connects().await);
    let general = his.room("general").clone();
    for n in 0..20 {
        his.says(format!("message {n}")).in_room(&general).await;
    }
    johns.hears_message("message 19").await;
    let room = carlos.creates_room("Room", "private").await;
    carlos.invites(&john, &room).await;
    his.asks("/help", &room).await.answer();
    for path in ["/", "/api/info", "/api/commands", "/readyz", "/metrics"] {
        carlos.gets(path).await;
    }
    john.logs_out().await;
    his
}

#[tokio::test]
async fn a_server_in_use_connects_to_the_quote_provider_alone_and_only_when_asked() {
    let quotes = Quotes::start().await;
    let parlor = Setup::demo().quotes_from(&quotes).starts().await;
    let watcher = Watcher::of(parlor.pid(), parlor.port());
    let mut tab = ordinary_use(&parlor).await;
    assert_eq!(watcher.saw(), [].into(), "nobody was asked for anything");

    let watcher = Watcher::of(parlor.pid(), parlor.port());
    let general = tab.room("general").clone();
    let provider: SocketAddr = quotes.url().trim_start_matches("http://").parse().unwrap();
    quotes.feels(Mood::Silent).await;
    let id = tab.commands("/stock aapl.us", &general).await;
    watcher.sees(provider).await;
    quotes.feels(Mood::Well).await;
    tab.hears_outcome(id).await.message();
    assert_eq!(watcher.saw(), [provider].into());
}

#[tokio::test]
async fn a_fresh_server_with_its_default_settings_connects_to_nobody() {
    let parlor = Parlor::starts().await;
    let watcher = Watcher::of(parlor.pid(), parlor.port());
    ordinary_use(&parlor).await;
    assert_eq!(watcher.saw(), [].into());
}
