//! Publishing: a message has arrived once the broker has confirmed it.
//!
//! Each channel has one unconfirmed message at most. So it is beyond doubt which message a confirmation or a return is
//! about, and the number of channels is the bound of what is unconfirmed: at [`UNCONFIRMED_MAX`] further publishers wait
//! for a channel, as long as they wait for a confirmation.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lapin::{
    Channel,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    failure::{about, short},
    link::Link,
    message::properties,
};
use crate::port::{BrokerError, Message};

/// Messages under way at once.
pub(super) const UNCONFIRMED_MAX: usize = 64;
/// How long a confirmation may take. The message may have arrived even so.
const CONFIRM_WITHIN: Duration = Duration::from_secs(5);
/// How long a broker that is blocked may take to go on.
const BLOCKED_MAX: Duration = Duration::from_secs(1);

pub(super) struct Publishing {
    link: Arc<Link>,
    idle: Mutex<Vec<Channel>>,
    free: Semaphore,
    blocked: watch::Receiver<bool>,
}

impl Publishing {
    pub(super) fn new(link: Arc<Link>, blocked: watch::Receiver<bool>) -> Self {
        Self { link, idle: Mutex::default(), free: Semaphore::new(UNCONFIRMED_MAX), blocked }
    }

    /// Given up half way, it leaves a channel behind that is closed and never used again.
    pub(super) async fn publish(&self, queue: &str, message: &Message) -> Result<(), BrokerError> {
        let mut blocked = self.blocked.clone();
        // Nothing is handed to the client while the broker is blocked: there it would wait without a bound.
        if !matches!(timeout(BLOCKED_MAX, blocked.wait_for(|blocked| !blocked)).await, Ok(Ok(_))) {
            return Err(BrokerError::Unavailable);
        }
        tokio::select! {
            confirmed = timeout(CONFIRM_WITHIN, self.confirmed(queue, message)) => {
                confirmed.unwrap_or(Err(BrokerError::Unavailable))
            }
            () = blocked_too_long(&mut blocked) => Err(BrokerError::Unavailable),
        }
    }

    async fn confirmed(&self, queue: &str, message: &Message) -> Result<(), BrokerError> {
        let (name, properties) = (short(queue)?, properties(message)?);
        let Ok(_seat) = self.free.acquire().await else { return Err(BrokerError::Unavailable) };
        let failed = |error| about(queue, &error);
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let channel = match idle {
            Some(channel) => channel,
            None => {
                let channel = self.link.channel().await.map_err(failed)?;
                channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(failed)?;
                channel
            }
        };
        // The exchange without a name brings a message to the queue that the key names.
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let sent = channel.basic_publish("".into(), name, options, &message.body, properties).await;
        let confirmation = sent.map_err(failed)?.await.map_err(failed)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(channel);
        if confirmation.is_nack() {
            return Err(BrokerError::Full(queue.to_owned()));
        }
        match confirmation.take_message() {
            Some(_) => Err(BrokerError::NoQueue(queue.to_owned())),
            None => Ok(()),
        }
    }
}

async fn blocked_too_long(blocked: &mut watch::Receiver<bool>) {
    while blocked.wait_for(|blocked| *blocked).await.is_ok() {
        if timeout(BLOCKED_MAX, blocked.wait_for(|blocked| !blocked)).await.is_err() {
            return;
        }
    }
    // The session has ended, and the client says so of each message.
    std::future::pending().await
}
