//! A person who opens sockets without end gets as many as the quota says; the rest is closed with 4429, and the server
//! and everybody else are well.

use parlor_testing::{
    Parlor, eventually,
    footprint::{allow_many_connections, memory},
    raw::Raw,
};

const SOCKETS: usize = 2_000;
const QUOTA: usize = 100;
const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn of_two_thousand_sockets_a_hundred_stay() {
    allow_many_connections();
    let parlor = Parlor::starts().await;
    let (carlos, john) = (parlor.log_in("carlos").await, parlor.log_in("john").await);
    let mut johns = john.connects().await;
    let general = johns.room("general").clone();
    let before = memory(parlor.pid());
    let mut all = Vec::new();
    for n in 0..SOCKETS {
        all.push(Raw::upgrades(parlor.port(), &carlos).await);
        if n % 500 == 499 {
            johns.says(format!("beside {n}")).in_room(&general).await;
        }
    }
    let (mut stayed, mut closed) = (Vec::new(), 0);
    for mut raw in all {
        // Either `hello`, or the close and nothing else.
        let first = raw.hears().await.unwrap();
        match first.close_code() {
            Some(code) => {
                assert_eq!((code, raw.hears().await), (4429, None));
                closed += 1;
            }
            None => stayed.push(raw),
        }
    }
    assert_eq!((stayed.len(), closed), (QUOTA, SOCKETS - QUOTA));
    assert!((parlor.metric("parlor_sockets").await - (QUOTA + 1) as f64).abs() < 0.5);
    let grown = memory(parlor.pid()).saturating_sub(before) / MIB;
    assert!(grown < 64, "{grown} MiB");

    johns.says("to everyone").in_room(&general).await;
    for raw in &mut stayed {
        while raw.hears_type("message").await["text"] != "to everyone" {}
    }
    stayed.truncate(QUOTA - 1);
    eventually("place for one more", async || parlor_testing::Tab::is_let_in(carlos.upgrade()).await.ok()).await;
}
