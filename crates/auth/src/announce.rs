//! Who waits for the log to grow: long polls in this process, and by a hint over the broker everybody else. Must not
//! know what the events say.

use std::sync::Arc;

use parlor_broker::port::Broker;
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Announcer {
    /// The number of the last event that this process knows of.
    last: watch::Sender<u64>,
    broker: Option<Arc<dyn Broker>>,
    topic: String,
}

impl Announcer {
    pub(crate) fn new(last: u64, broker: Option<Arc<dyn Broker>>, topic: String) -> Self {
        Self { last: watch::Sender::new(last), broker, topic }
    }

    /// Tells the number once, and never a smaller one after it.
    pub(crate) fn tell(&self, last: u64) {
        let news = self.last.send_if_modified(|known| {
            let news = last > *known;
            *known = last.max(*known);
            news
        });
        if let (true, Some(broker)) = (news, &self.broker) {
            broker.announce(&self.topic, last.to_string().into());
        }
    }

    /// Sees every number told from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}
