//! What a hint promises: it reaches whoever listens now, in order, and never holds anybody up.

use bytes::Bytes;

use super::{Connections, next_hint};
use crate::port::{HINTS_MAX, Hints};

pub async fn a_hint_reaches_whoever_listens_to_its_topic(connections: Connections) {
    let (a, b) = (connections.fresh("a"), connections.fresh("b"));
    let mut only_a = connections.listen(&[&a]).await;
    let mut both = connections.listen(&[&a, &b]).await;
    connections.one.announce(&b, Bytes::from_static(b"for b"));
    connections.one.announce(&a, Bytes::from_static(b"for a"));
    assert_eq!(next_hint(&mut only_a).await, "for a");
    let mut heard = [next_hint(&mut both).await, next_hint(&mut both).await];
    heard.sort();
    assert_eq!(heard, ["for a", "for b"]);
}

pub async fn hints_keep_their_order(connections: Connections) {
    let topic = connections.fresh("ordered");
    let mut hints = connections.listen(&[&topic]).await;
    for n in 0..500 {
        connections.one.announce(&topic, Bytes::from(n.to_string()));
    }
    for n in 0..500 {
        assert_eq!(next_hint(&mut hints).await, n.to_string());
    }
}

pub async fn a_hint_that_nobody_hears_is_lost(connections: Connections) {
    let topic = connections.fresh("unheard");
    connections.one.announce(&topic, Bytes::from_static(b"nobody"));
    drop(connections.listen(&[&topic]).await);
    // A hint to another listener has gone the same way behind it, so it must have passed by now.
    let fence = connections.fresh("fence");
    let mut fenced = connections.listen(&[&fence]).await;
    connections.one.announce(&fence, Bytes::from_static(b"passed"));
    assert_eq!(next_hint(&mut fenced).await, "passed");
    let mut hints = connections.listen(&[&topic]).await;
    connections.one.announce(&topic, Bytes::from_static(b"somebody"));
    assert_eq!(next_hint(&mut hints).await, "somebody");
}

pub async fn a_listener_that_reads_nothing_bounds_what_waits(connections: Connections) {
    const BURST: usize = HINTS_MAX / 2;
    const BURSTS: usize = 16;
    let topic = connections.fresh("busy");
    let mut slow = connections.listen(&[&topic]).await;
    let mut quick = connections.listen(&[&topic]).await;
    // The quick one loses nothing, as it has read each burst before the next comes.
    for burst in 0..BURSTS {
        for n in 0..BURST {
            connections.one.announce(&topic, Bytes::from((burst * BURST + n).to_string()));
        }
        for n in 0..BURST {
            assert_eq!(next_hint(&mut quick).await, (burst * BURST + n).to_string());
        }
    }
    let lost = BURST * BURSTS - heard_until_fence(&connections, &topic, &mut slow).await;
    assert!(lost > 0, "everything waited for a listener that read nothing");
}

/// Reads what waited, until a hint that is announced now comes through.
async fn heard_until_fence(connections: &Connections, topic: &str, hints: &mut Hints) -> usize {
    let mut heard: Vec<usize> = Vec::new();
    loop {
        let hint = next_hint(hints).await;
        if hint == "fence" {
            return heard.len();
        }
        // Some are missing, and none comes late: the last may still have been on their way as the first were read.
        let number = hint.parse().expect("a number");
        assert!(heard.last().is_none_or(|last| *last < number), "{number} after {heard:?}");
        heard.push(number);
        // Each hint that was read made room for one more.
        connections.one.announce(topic, Bytes::from_static(b"fence"));
    }
}
