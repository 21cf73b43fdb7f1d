//! One connection to RabbitMQ: opened within a time limit, and ended whatever state it is in.

use std::{
    io,
    net::Shutdown,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::Stream;
use lapin::{
    AsyncTcpStream, Channel, Connection, ConnectionProperties, Error, Event, runtime::default_runtime, uri::AMQPScheme,
};
use socket2::{SockRef, Socket};
use tokio::time::timeout;

use super::address::Address;

/// How long the name, the socket and TLS may take, then the greeting and the login.
const REACH_WITHIN: Duration = Duration::from_secs(5);
const GREET_WITHIN: Duration = Duration::from_secs(5);
/// How long a farewell may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// A connection that has been let in.
pub(super) struct Link {
    connection: Connection,
    // Dropped after the connection.
    _fuse: Fuse,
}

impl Link {
    /// `name` is what the broker's administrator sees.
    pub(super) async fn open(address: &Address, name: &str) -> lapin::Result<Self> {
        let fuse = Fuse::default();
        let (wire, tls) = (fuse.0.clone(), address.tls().clone());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connect = Connection::connector(
            address.uri().clone(),
            default_runtime()?,
            async move |uri, runtime| {
                let reach = async {
                    let host = (uri.authority.host.as_str(), uri.authority.port);
                    let addresses: Vec<_> = tokio::net::lookup_host(host).await?.collect();
                    let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                    if let AsyncTcpStream::Plain(socket) = &stream {
                        let socket = SockRef::from(socket.get_ref());
                        socket.set_tcp_nodelay(true)?;
                        wire.attach(socket.try_clone()?)?;
                    }
                    match uri.scheme {
                        AMQPScheme::AMQP => Ok(stream),
                        AMQPScheme::AMQPS => stream.into_tls(&uri.authority.host, tls.as_ref()).await,
                    }
                };
                let reached = timeout(REACH_WITHIN, reach).await;
                reached.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(Error::from)
            },
            properties,
        );
        match timeout(REACH_WITHIN + GREET_WITHIN, connect).await {
            Ok(connected) => Ok(Self { connection: connected?, _fuse: fuse }),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no greeting in time").into()),
        }
    }

    pub(super) async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }
    pub(super) fn is_up(&self) -> bool {
        self.connection.status().connected()
    }
    /// Whether the broker takes nothing for now, as at its memory alarm.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }
    pub(super) fn events(&self) -> impl Stream<Item = Event> + Send {
        self.connection.events_listener()
    }
    /// Says farewell, so that everything that was handed over before is sent before. Dropping ends it too, but at once.
    pub(super) async fn close(&self) {
        if self.is_up() {
            let _ = timeout(CLOSE_WITHIN, self.connection.close(200, "OK".into())).await;
        }
    }
}

/// Cuts the wire as it is dropped. The client keeps a thread for each connection, and would wait with it for a peer that
/// stays silent before it has greeted.
#[derive(Default)]
struct Fuse(Arc<Wire>);

#[derive(Default)]
struct Wire(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Open,
    Attached(Socket),
    Cut,
}

impl Wire {
    /// Fails if nobody waits for the connection any more.
    fn attach(&self, socket: Socket) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Cut => Err(io::ErrorKind::ConnectionAborted.into()),
            State::Open | State::Attached(_) => {
                *state = State::Attached(socket);
                Ok(())
            }
        }
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *self.0.0.lock().unwrap_or_else(PoisonError::into_inner), State::Cut);
        if let State::Attached(socket) = state {
            // It may be closed already.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}
