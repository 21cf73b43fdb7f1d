//! A way to the broker that the test can refuse, cut, stall, and let say that the broker is blocked.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Notify, watch},
    task::JoinSet,
};

use super::url;

/// What each connection's task follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    open: bool,
    flows: bool,
    blocked: bool,
    /// Connections of an earlier one are cut.
    epoch: u32,
}

/// A port of its own before the broker's.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
    _tasks: JoinSet<()>,
}

/// `connection.blocked` with an empty reason, and `connection.unblocked`, as frames.
const BLOCKED: &[u8] = &[1, 0, 0, 0, 0, 0, 5, 0, 10, 0, 60, 0, 0xCE];
const UNBLOCKED: &[u8] = &[1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 61, 0xCE];

impl Proxy {
    /// Everything passes.
    pub async fn open() -> Self {
        Self::start(true).await
    }
    /// As if no broker was there yet.
    pub async fn closed() -> Self {
        Self::start(false).await
    }
    async fn start(open: bool) -> Self {
        let broker = broker().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let way = watch::Sender::new(Way { open, flows: true, blocked: false, epoch: 0 });
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(address, Some(listener).filter(|_| open), broker, way.subscribe()));
        Self { address, way, _tasks: tasks }
    }

    /// The broker's URL by this way.
    ///
    /// # Panics
    /// If the broker's own URL cannot be read.
    #[must_use]
    pub fn url(&self) -> String {
        let mut by_this = url::Url::parse(&url()).expect("a URL");
        by_this.set_host(Some("127.0.0.1")).expect("a host");
        by_this.set_port(Some(self.address.port())).expect("a port");
        by_this.into()
    }
    /// Ends every connection; new ones get through.
    pub fn cut(&self) {
        self.way.send_modify(|way| way.epoch += 1);
    }
    /// Ends every connection, and lets no new one in.
    pub fn refuse(&self) {
        self.way.send_modify(|way| (way.open, way.epoch) = (false, way.epoch + 1));
    }
    /// Lets new connections in again.
    pub fn admit(&self) {
        self.way.send_modify(|way| way.open = true);
    }
    /// Whether bytes pass. If not, connections stay open and silent.
    pub fn flows(&self, flows: bool) {
        self.way.send_modify(|way| way.flows = flows);
    }
    /// Says to those who publish that the broker takes nothing, or takes messages again.
    pub fn blocked(&self, blocked: bool) {
        self.way.send_modify(|way| way.blocked = blocked);
    }
}

async fn broker() -> SocketAddr {
    let url = url::Url::parse(&url()).expect("a URL");
    let host = (url.host_str().expect("a host").to_owned(), url.port().unwrap_or(5672));
    tokio::net::lookup_host(host).await.expect("the broker's address").next().expect("an address")
}

async fn listen(
    address: SocketAddr,
    mut listener: Option<TcpListener>,
    broker: SocketAddr,
    mut way: watch::Receiver<Way>,
) {
    let mut connections = JoinSet::new();
    loop {
        let now = *way.borrow_and_update();
        if !now.open {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.expect("the port once more"));
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok((client, _)) = accept => {
                connections.spawn(carry(client, broker, way.clone(), now.epoch));
            }
            changed = way.changed() => if changed.is_err() { return },
        }
    }
}

async fn carry(client: TcpStream, broker: SocketAddr, mut way: watch::Receiver<Way>, epoch: u32) {
    let Ok(server) = TcpStream::connect(broker).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let publishes = Arc::new(Notify::new());
    tokio::select! {
        () = there(from_client, to_server, way.clone(), &publishes) => {}
        () = back(from_server, to_client, way.clone(), &publishes) => {}
        _ = way.wait_for(|way| way.epoch != epoch) => {}
    }
}

async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>, publishes: &Notify) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        // The connection's name is among its first words.
        if bytes[..read].windows(16).any(|part| part == b"parlor publishes") {
            publishes.notify_one();
        }
        if way.wait_for(|way| way.flows).await.is_err() || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Passes on whole frames, so that another may stand between two of them.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>, publishes: &Notify) {
    let (mut waiting, mut is_publisher, mut said) = (Vec::new(), false, false);
    loop {
        let Ok(now) = way.wait_for(|way| way.flows).await.map(|way| *way) else { return };
        let mut frames = Vec::new();
        while let Some(length) = frame(&waiting) {
            frames.extend(waiting.drain(..length));
        }
        if is_publisher && said != now.blocked {
            frames.extend_from_slice(if now.blocked { BLOCKED } else { UNBLOCKED });
            said = now.blocked;
        }
        if to.write_all(&frames).await.is_err() {
            return;
        }
        tokio::select! {
            read = from.read_buf(&mut waiting) => if !matches!(read, Ok(1..)) { return },
            changed = way.changed() => if changed.is_err() { return },
            () = publishes.notified() => is_publisher = true,
        }
    }
}

/// The length of the frame that these bytes begin with, if it is whole.
fn frame(bytes: &[u8]) -> Option<usize> {
    let size = u32::from_be_bytes(bytes.get(3..7)?.try_into().ok()?) as usize;
    Some(size + 8).filter(|length| bytes.len() >= *length)
}
