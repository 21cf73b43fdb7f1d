//! Who listens to which hints. It must not know what a hint says; a listener that is behind loses the new ones.

use std::collections::HashMap;

use bytes::Bytes;
use tokio::sync::mpsc::{Sender, error::TrySendError};

#[derive(Default)]
pub(super) struct Topics {
    listeners: HashMap<String, Vec<Sender<Bytes>>>,
}

impl Topics {
    pub(super) fn add(&mut self, topics: &[&str], feed: &Sender<Bytes>) {
        // Listeners come and go with nodes and bots; whoever comes sweeps away who went.
        self.listeners.retain(|_, listeners| {
            listeners.retain(|listener| !listener.is_closed());
            !listeners.is_empty()
        });
        for topic in topics {
            let listeners = self.listeners.entry((*topic).to_owned()).or_default();
            if !listeners.iter().any(|listener| listener.same_channel(feed)) {
                listeners.push(feed.clone());
            }
        }
    }

    pub(super) fn announce(&mut self, topic: &str, body: &Bytes) {
        let Some(listeners) = self.listeners.get_mut(topic) else { return };
        listeners.retain(|listener| match listener.try_send(body.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                metrics::counter!("parlor_broker_hints_lost_total").increment(1);
                true
            }
            Err(TrySendError::Closed(_)) => false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{HINTS_MAX, Hints};

    #[tokio::test]
    async fn a_listener_that_reads_nothing_keeps_the_first_hints_and_holds_nobody_up() {
        let mut topics = Topics::default();
        let (slow_feed, mut slow) = Hints::channel();
        topics.add(&["t"], &slow_feed);
        drop(slow_feed);
        for n in 0..HINTS_MAX + 10 {
            topics.announce("t", &Bytes::from(n.to_string()));
        }
        drop(topics);
        let mut heard = 0;
        while let Some(hint) = slow.next().await {
            assert_eq!(hint, heard.to_string());
            heard += 1;
        }
        assert_eq!(heard, HINTS_MAX);
    }

    #[tokio::test]
    async fn a_listener_that_went_is_forgotten() {
        let mut topics = Topics::default();
        let (feed, hints) = Hints::channel();
        topics.add(&["a", "b"], &feed);
        drop(hints);
        topics.announce("a", &Bytes::new());
        assert!(topics.listeners["a"].is_empty());
        let (other, _hints) = Hints::channel();
        topics.add(&["c"], &other);
        assert_eq!(topics.listeners.keys().collect::<Vec<_>>(), ["c"]);
    }
}
