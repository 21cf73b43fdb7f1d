//! A way to the broker that keeps what is published by it. It reads frames, and must not know what the messages mean.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use amq_protocol::{
    frame::{AMQPFrame, parse_frame},
    protocol::{AMQPClass, basic},
};
use lapin::BasicProperties;
use parlor_protocol::time::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
};
use url::Url;

/// A message as a client published it.
#[derive(Debug, Clone)]
pub struct Published {
    /// When it passed.
    pub at: Timestamp,
    pub exchange: String,
    pub key: String,
    pub mandatory: bool,
    pub properties: BasicProperties,
    pub body: Vec<u8>,
}

type Seen = Arc<Mutex<Vec<Published>>>;

pub struct Tap {
    url: Url,
    seen: Seen,
    _tasks: JoinSet<()>,
}

impl Tap {
    /// On the way to the broker at this URL.
    pub async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).expect("a URL");
        let broker = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5672));
        let broker = tokio::net::lookup_host(broker).await.expect("the broker's address").next().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(listener.local_addr().expect("an address").port())).expect("a port");
        let seen = Seen::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, broker, seen.clone()));
        Self { url, seen, _tasks: tasks }
    }
    /// The broker's URL by this way.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
    /// Everything so far.
    pub fn seen(&self) -> Vec<Published> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn listen(listener: TcpListener, broker: SocketAddr, seen: Seen) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(carry(client, broker, seen.clone()));
    }
}

async fn carry(client: TcpStream, broker: SocketAddr, seen: Seen) {
    let Ok(server) = TcpStream::connect(broker).await else { return };
    let ((from_client, mut to_client), (mut from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = there(from_client, to_server, seen) => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, seen: Seen) {
    let mut reader = Reader::default();
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        // Kept before it goes on, so that whoever hears of it finds it here.
        seen.lock().unwrap_or_else(PoisonError::into_inner).extend(reader.read(&bytes[..read]));
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Makes messages of a client's bytes.
#[derive(Default)]
struct Reader {
    waiting: Vec<u8>,
    has_begun: bool,
    /// What is not whole yet, by channel, with the bytes of its body to come.
    unfinished: HashMap<u16, (Published, u64)>,
}

impl Reader {
    /// The bytes `AMQP` and a version, before the first frame.
    const GREETING: usize = 8;

    fn read(&mut self, bytes: &[u8]) -> Vec<Published> {
        self.waiting.extend_from_slice(bytes);
        if !self.has_begun && self.waiting.len() >= Self::GREETING {
            self.waiting.drain(..Self::GREETING);
            self.has_begun = true;
        }
        let mut whole = Vec::new();
        while let Some(length) = Some(&self.waiting).filter(|_| self.has_begun).and_then(|bytes| frame_length(bytes)) {
            let frame: Vec<u8> = self.waiting.drain(..length).collect();
            let (_, frame) = parse_frame(frame.as_slice()).expect("a client's frame can be read");
            whole.extend(self.take(frame));
        }
        whole
    }

    /// The message that this frame completes.
    fn take(&mut self, frame: AMQPFrame) -> Option<Published> {
        let channel = frame.channel_id();
        match frame {
            AMQPFrame::Method(_, AMQPClass::Basic(basic::AMQPMethod::Publish(publish))) => {
                let published = Published {
                    at: Timestamp::now(),
                    exchange: publish.exchange.to_string(),
                    key: publish.routing_key.to_string(),
                    mandatory: publish.mandatory,
                    properties: BasicProperties::default(),
                    body: Vec::new(),
                };
                // Its header says how much.
                self.unfinished.insert(channel, (published, u64::MAX));
            }
            AMQPFrame::Header(_, header) => {
                let (published, left) = self.unfinished.get_mut(&channel).expect("a header follows its method");
                (published.properties, *left) = (header.properties, header.body_size);
            }
            AMQPFrame::Body(_, body) => {
                let (published, left) = self.unfinished.get_mut(&channel).expect("a body follows its header");
                published.body.extend_from_slice(&body);
                *left -= body.len() as u64;
            }
            _ => {}
        }
        let is_whole = self.unfinished.get(&channel).is_some_and(|(_, left)| *left == 0);
        is_whole.then(|| self.unfinished.remove(&channel)).flatten().map(|(published, _)| published)
    }
}

/// The length of the frame that these bytes begin with, if it is whole.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let size = u32::from_be_bytes(bytes.get(3..7)?.try_into().ok()?) as usize;
    Some(size + 8).filter(|length| bytes.len() >= *length)
}
