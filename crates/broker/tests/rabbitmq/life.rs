//! The begin and the end of a connection: what it says, with whom it speaks, and what it leaves.

use std::{
    io,
    sync::{Arc, Mutex},
};

use parlor_broker::{Broker, Message, Queue, QueueKind, Status};
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use tracing_subscriber::fmt::MakeWriter;

use crate::real::{Installation, in_time, url};

#[tokio::test]
async fn what_was_settled_before_the_close_is_settled() {
    const MESSAGES: usize = 100;
    let installation = Installation::new();
    let queue = installation.queue("closed");
    let broker = installation.connected().await;
    broker.declare(&queue).await.unwrap();
    for _ in 0..MESSAGES {
        broker.publish(&queue.name, Message::new("done")).await.unwrap();
    }
    let mut consumer = broker.consume(&queue.name, MESSAGES as u16).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..MESSAGES {
        held.push(in_time("a delivery", consumer.next()).await.unwrap());
    }
    let kept = held.pop().unwrap();
    held.into_iter().for_each(parlor_broker::Delivery::ack);
    in_time("the close", broker.close()).await;
    assert!(in_time("the consumer's end", consumer.next()).await.is_none());
    assert_eq!(*broker.status().borrow(), Status::Down);
    drop(kept);

    let other = installation.connected().await;
    other.publish(&queue.name, Message::new("new")).await.unwrap();
    let mut consumer = other.consume(&queue.name, 2).await.unwrap();
    let mut left = Vec::new();
    for _ in 0..2 {
        let delivery = in_time("a delivery", consumer.next()).await.unwrap();
        left.push((String::from_utf8_lossy(delivery.body()).into_owned(), delivery.redelivered()));
        delivery.ack();
    }
    left.sort();
    assert_eq!(left, [("done".to_owned(), true), ("new".to_owned(), false)]);
    installation.tidy(&[queue.name]).await;
}

#[tokio::test]
async fn an_exclusive_queue_goes_with_its_connection() {
    let installation = Installation::new();
    let broker = installation.connected().await;
    let name = format!("{}.own", installation.prefix());
    broker.declare(&Queue { name: name.clone(), kind: QueueKind::Exclusive { max_length: 10 } }).await.unwrap();
    let other = installation.connected().await;
    other.publish(&name, Message::new("hello")).await.unwrap();
    in_time("the close", broker.close()).await;
    let gone = in_time("an answer", other.publish(&name, Message::new("nobody"))).await;
    assert_eq!(gone, Err(parlor_broker::BrokerError::NoQueue(name)));
    installation.tidy(&[]).await;
}

#[tokio::test]
async fn a_login_that_is_refused_is_in_the_log_without_its_password() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _here = tracing::subscriber::set_default(subscriber);
    let mut wrong = url::Url::parse(&url()).unwrap();
    wrong.set_password(Some("s3cret-and-wrong")).unwrap();
    let broker = Installation::new().connect(wrong.as_str());
    in_time("a line in the log", log.has("out of reach")).await;
    let text = log.text();
    assert!(text.contains("ACCESS_REFUSED"), "it says why: {text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert_eq!(*broker.status().borrow(), Status::Down);
    in_time("the close", broker.close()).await;
}

#[tokio::test]
async fn a_peer_that_never_greets_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broker = Installation::new().connect(&format!("amqp://{}", silent.local_addr().unwrap()));
    let (mut peer, _) = in_time("a connection", silent.accept()).await.unwrap();
    let mut heard = Vec::new();
    in_time("the end of the connection", peer.read_to_end(&mut heard)).await.unwrap();
    assert_eq!(heard, b"AMQP\0\0\x09\x01");
    in_time("the next try", silent.accept()).await.unwrap();
    in_time("the close", broker.close()).await;
}

#[tokio::test]
async fn amqps_speaks_tls_before_anything_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let broker = Installation::new().connect(&format!("amqps://{}", listener.local_addr().unwrap()));
    let (mut peer, _) = in_time("a connection", listener.accept()).await.unwrap();
    let mut first = [0; 3];
    in_time("a greeting", peer.read_exact(&mut first)).await.unwrap();
    assert_eq!(first[..2], [0x16, 3], "the begin of a TLS handshake");
    in_time("the close", broker.close()).await;
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    more: Arc<tokio::sync::Notify>,
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.written.lock().expect("no writer panicked")).into_owned()
    }
    async fn has(&self, part: &str) {
        while !self.text().contains(part) {
            self.more.notified().await;
        }
    }
}
impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.lock().expect("no writer panicked").extend_from_slice(bytes);
        self.more.notify_one();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
