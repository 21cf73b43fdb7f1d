//! A replica's life: how it gets to its queues, what it survives, how it stops.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use parlor_bot::{Bot, Command, Outcome, Reply, testing::Chat};
use parlor_broker::{Broker, BrokerError, Consumer, Hints, MemoryBroker, Message, Queue, Status};
use tokio::sync::{Notify, watch};

fn echo() -> Bot {
    let echo = Command::new("echo", "Says it again")
        .argument(parlor_bot::argument::text("text"))
        .handle(|invocation, _| async move { Ok(Reply::to_room(invocation.text("text")?)) });
    Bot::new("echo", "Echo").command(echo).announce_every(Duration::from_millis(20))
}

fn said(text: &str) -> Outcome {
    Outcome::Message { text: text.into(), details: None }
}

#[tokio::test]
async fn it_announces_itself_again_and_again() {
    let mut chat = Chat::open().await;
    chat.admit(echo(), "one").await;
    chat.replied("one", 5).await;
    assert_eq!(chat.ask("/echo still here").await, Ok(said("still here")));
    chat.close().await;
}

#[tokio::test]
async fn it_answers_once_the_chat_accepts_what_it_refused_before() {
    let mut chat = Chat::open().await;
    chat.refuse(Some("held by another bot"));
    chat.admit(echo(), "one").await;
    chat.refuse(None);
    let replies = chat.replies_to("one");
    chat.replied("one", replies + 2).await;
    assert_eq!(chat.ask("/echo mine now").await, Ok(said("mine now")));
    chat.close().await;
}

#[tokio::test]
async fn it_leaves_the_queue_of_a_command_that_the_chat_refuses() {
    let mut chat = Chat::open().await;
    chat.admit(echo(), "one").await;
    assert_eq!(chat.ask("/echo mine").await, Ok(said("mine")));
    chat.refuse(Some("held by another bot"));
    let replies = chat.replies_to("one");
    chat.replied("one", replies + 2).await;
    // The queue is free for another: whoever consumes now is alone once the replica has gone.
    let queue = chat.topology().command("echo").name;
    let mut other = chat.broker().consume(&queue, 10).await.unwrap();
    let mut alone = 0;
    while alone < 20 {
        let invocation = chat.invocation("/echo whose", Duration::from_secs(10)).unwrap();
        chat.send(&invocation).await;
        tokio::select! {
            delivery = other.next() => { delivery.unwrap().ack(); alone += 1; }
            _ = chat.answer() => alone = 0,
        }
    }
    chat.close().await;
}

#[tokio::test]
async fn two_replicas_answer_each_invocation_once() {
    let mut chat = Chat::open().await;
    chat.admit(echo(), "one").await;
    chat.admit(echo(), "two").await;
    let mut open: Vec<_> = Vec::new();
    for n in 0..100 {
        let invocation = chat.invocation(&format!("/echo {n}"), Duration::from_secs(10)).unwrap();
        chat.send(&invocation).await;
        open.push(invocation.id);
    }
    let mut replicas = std::collections::BTreeSet::new();
    for _ in 0..100 {
        let answer = chat.answer().await;
        let place = open.iter().position(|id| *id == answer.id).expect("a second answer");
        open.swap_remove(place);
        replicas.insert(answer.replica);
    }
    assert!(open.is_empty());
    assert_eq!(replicas.len(), 2, "one replica did all the work");
    chat.close().await;
}

#[tokio::test]
async fn what_is_in_hand_is_finished_before_it_stops() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes) = (begun.clone(), go.clone());
    let slow = Command::new("slow", "Takes its time").handle(move |_, _| {
        let (begins, goes) = (begins.clone(), goes.clone());
        async move {
            begins.notify_one();
            goes.notified().await;
            Ok(Reply::to_room("done"))
        }
    });
    let mut chat = Chat::open().await;
    let stop = chat.admit(Bot::new("slow", "Slow").command(slow).at_once(1), "one").await;
    for _ in 0..2 {
        chat.send(&chat.invocation("/slow", Duration::from_secs(10)).unwrap()).await;
    }
    begun.notified().await;
    stop.cancel();
    // What was not in hand yet is back on the queue, at once.
    let queue = chat.topology().command("slow").name;
    let mut other = chat.broker().consume(&queue, 1).await.unwrap();
    let waiting = other.next().await.unwrap();
    // Everything else in this one thread comes to rest before the handler may go on.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(chat.answer().await.outcome, said("done"));
    waiting.ack();
    chat.close().await;
}

#[tokio::test]
async fn what_cannot_be_finished_in_time_goes_back() {
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let stuck = Command::new("stuck", "Never ends").handle(move |_, _| {
        let begins = begins.clone();
        async move {
            begins.notify_one();
            std::future::pending().await
        }
    });
    let bot = Bot::new("stuck", "Stuck").command(stuck).finish_within(Duration::from_millis(20));
    let mut chat = Chat::open().await;
    let stop = chat.admit(bot, "one").await;
    let invocation = chat.invocation("/stuck", Duration::from_secs(10)).unwrap();
    chat.send(&invocation).await;
    begun.notified().await;
    stop.cancel();
    let queue = chat.topology().command("stuck").name;
    let mut other = chat.broker().consume(&queue, 1).await.unwrap();
    let back = other.next().await.unwrap();
    assert!(back.redelivered());
    back.ack();
    chat.close().await;
}

/// A broker whose connection can be cut.
#[derive(Debug)]
struct Frail {
    broker: MemoryBroker,
    down: AtomicBool,
    refusals: AtomicU32,
    refused: Notify,
}

impl Frail {
    fn new(down: bool) -> Arc<Self> {
        let (broker, down) = (MemoryBroker::new(), AtomicBool::new(down));
        Arc::new(Self { broker, down, refusals: AtomicU32::new(0), refused: Notify::new() })
    }
    fn check(&self) -> Result<(), BrokerError> {
        if !self.down.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refusals.fetch_add(1, Ordering::SeqCst);
        self.refused.notify_one();
        Err(BrokerError::Unavailable)
    }
    async fn refused_again(&self) {
        let seen = self.refusals.load(Ordering::SeqCst);
        while self.refusals.load(Ordering::SeqCst) == seen {
            self.refused.notified().await;
        }
    }
}

#[async_trait]
impl Broker for Frail {
    async fn declare(&self, queue: &Queue) -> Result<(), BrokerError> {
        self.check()?;
        self.broker.declare(queue).await
    }
    async fn publish(&self, queue: &str, message: Message) -> Result<(), BrokerError> {
        self.check()?;
        self.broker.publish(queue, message).await
    }
    async fn consume(&self, queue: &str, prefetch: u16) -> Result<Consumer, BrokerError> {
        self.check()?;
        self.broker.consume(queue, prefetch).await
    }
    fn announce(&self, topic: &str, body: Bytes) {
        self.broker.announce(topic, body);
    }
    async fn listen(&self, topics: &[&str]) -> Result<Hints, BrokerError> {
        self.check()?;
        self.broker.listen(topics).await
    }
    fn status(&self) -> watch::Receiver<Status> {
        self.broker.status()
    }
}

#[tokio::test]
async fn it_waits_for_a_broker_that_is_out_of_reach() {
    let broker = Frail::new(false);
    let mut chat = Chat::over(broker.clone()).await;
    broker.down.store(true, Ordering::SeqCst);
    let up_again = async {
        broker.refused_again().await;
        broker.refused_again().await;
        broker.down.store(false, Ordering::SeqCst);
    };
    tokio::join!(up_again, chat.admit(echo(), "one"));
    assert_eq!(chat.ask("/echo at last").await, Ok(said("at last")));
    chat.close().await;
}

#[tokio::test]
async fn an_answer_waits_for_a_broker_that_is_out_of_reach() {
    let broker = Frail::new(false);
    let cut = broker.clone();
    let command = Command::new("cut", "Cuts the connection").handle(move |_, _| {
        cut.down.store(true, Ordering::SeqCst);
        async { Ok(Reply::to_room("answered nevertheless")) }
    });
    let mut chat = Chat::over(broker.clone()).await;
    chat.admit(Bot::new("cut", "Cut").command(command), "one").await;
    let up_again = async {
        broker.refused_again().await;
        broker.refused_again().await;
        broker.down.store(false, Ordering::SeqCst);
    };
    let (outcome, ()) = tokio::join!(chat.ask("/cut"), up_again);
    assert_eq!(outcome, Ok(said("answered nevertheless")));
    chat.close().await;
}
