//! The servers that take turns: each started by the bench, with a crowd of sockets in one room.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use parlor_protocol::{http::Room, ids::RoomId, socket::ServerFrame};
use parlor_testing::{Parlor, Person, Setup};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::{
    crowd::{Crowd, Opening, Stop},
    floor::Ask,
    frame::{Kind, client_text, says, server_text},
    process::Peer,
    scale::Programs,
};

/// What is said in the room: a short sentence, as most are.
pub const TEXT: &str = "Shall we meet at three?";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    Floor,
    Parlor,
    Tungstenite,
    Ws,
}

impl Name {
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Floor => "bare write(2)",
            Self::Parlor => "Parlor",
            Self::Tungstenite => "tokio-tungstenite, broadcast channel",
            Self::Ws => "ws (Node)",
        }
    }
}

/// A running server.
#[derive(Debug)]
pub enum Server {
    Parlor(Box<Parlor>),
    Peer(Peer),
}

impl Server {
    #[must_use]
    pub fn pid(&self) -> u32 {
        match self {
            Self::Parlor(parlor) => parlor.pid(),
            Self::Peer(peer) => peer.pid(),
        }
    }
    #[must_use]
    pub fn port(&self) -> u16 {
        match self {
            Self::Parlor(parlor) => parlor.port(),
            Self::Peer(peer) => peer.port(),
        }
    }
}

/// A server and its sockets in one room; the first of them says something.
#[derive(Debug)]
pub struct Subject {
    pub name: Name,
    pub server: Server,
    pub crowd: Crowd,
    /// The room, in Parlor.
    room: Option<RoomId>,
    /// Bytes of what each socket gets.
    pub frame_bytes: usize,
}

/// Parlor without the limits that a load client meets, and with so many people in `general`.
#[must_use]
pub fn setup(people: usize) -> Setup {
    let setup = Setup::demo().argument("--demo-people").argument(&people.to_string());
    setup
        .set("PARLOR_MESSAGE_RATE", "0")
        .set("PARLOR_LOGIN_RATE", "0")
        .set("PARLOR_SOCKETS_PER_PERSON", "0")
        .set("PARLOR_PING_INTERVAL", "1h")
        .set("PARLOR_LOG", "warn")
}

/// How a person's socket is opened.
#[must_use]
pub fn opening_of(person: &Person) -> Opening {
    Opening { token: Some(person.token.clone()), greets: true }
}

/// So many sockets of a few people. Passwords are dear to check: the cost of a fan-out is by socket, not by person.
#[must_use]
pub fn openings_of(people: &[Person], sockets: usize) -> Vec<Opening> {
    people.iter().cycle().take(sockets).map(opening_of).collect()
}

impl Subject {
    /// Parlor with so many members of `general`, each with a socket.
    ///
    /// # Errors
    /// If a socket is not opened.
    pub fn parlor(runtime: &Handle, stop: &Stop, members: usize) -> Result<(Self, Person)> {
        // carlos, john and gerard are there in any case.
        let parlor = runtime.block_on(setup(members.saturating_sub(3).max(1)).starts());
        let first = runtime.block_on(parlor.log_in("demo0001"));
        let others = runtime.block_on(async { [parlor.log_in("carlos").await, parlor.log_in("john").await] });
        let general = runtime.block_on(first.room("general"));
        let frame_bytes = runtime.block_on(delivery_bytes(&first, &general));
        let mut crowd = Crowd::new(stop)?;
        let mut openings = vec![opening_of(&first)];
        openings.extend(openings_of(&others, members - 1));
        crowd.open(parlor.port(), &openings)?;
        let server = Server::Parlor(Box::new(parlor));
        Ok((Self { name: Name::Parlor, server, crowd, room: Some(general.id), frame_bytes }, first))
    }

    /// Another server with so many sockets.
    ///
    /// # Errors
    /// If it is not there, or refuses a socket.
    pub fn peer(name: Name, programs: &Programs, stop: &Stop, sockets: usize, frame_bytes: usize) -> Result<Self> {
        let server = Server::Peer(start_peer(name, programs, sockets, frame_bytes)?);
        let mut crowd = Crowd::new(stop)?;
        crowd.open(server.port(), &vec![Opening::default(); sockets])?;
        Ok(Self { name, server, crowd, room: None, frame_bytes })
    }

    /// The first socket says so many things at once, and everybody hears them.
    ///
    /// # Errors
    /// If somebody does not.
    pub fn say(&mut self, times: u8, joined: bool) -> Result<()> {
        let all = usize::from(times) * self.crowd.len();
        let (bytes, kinds, answers): (Vec<u8>, &[Kind], usize) = match (self.name, self.room) {
            (Name::Parlor, room) => {
                let room = room.context("Parlor has a room")?;
                let burst = (0..times).flat_map(|_| says("message", room, TEXT)).collect();
                // The acknowledgements are awaited, too, and are no deliveries.
                (burst, &[Kind::Message, Kind::Ack], usize::from(times))
            }
            (Name::Floor, _) => {
                let ask = if joined { Ask::Joined(times) } else { Ask::Each(times) };
                (ask.bytes().to_vec(), &[Kind::Text], 0)
            }
            _ => {
                let one = client_text(&vec![b'x'; self.frame_bytes - 4]);
                (one.repeat(times.into()), &[Kind::Text], 0)
            }
        };
        self.crowd.send(0, &bytes)?;
        self.crowd.hear(all + answers, kinds)
    }
}

/// The size of a frame in which a member hears what is said.
async fn delivery_bytes(person: &Person, room: &Room) -> usize {
    let mut tab = person.connects().await;
    tab.says(TEXT).in_room(room).await;
    let message = ServerFrame::Message(tab.hears_message(TEXT).await);
    tab.leaves().await;
    server_text(message.to_json().as_bytes()).len()
}

/// Starts a server that is not Parlor.
///
/// # Errors
/// If it cannot be started.
pub fn start_peer(name: Name, programs: &Programs, sockets: usize, frame_bytes: usize) -> Result<Peer> {
    let own = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Peer::start(&programs.own, &arguments)
    };
    match name {
        Name::Floor => own(&["floor", &sockets.to_string(), &frame_bytes.to_string()]),
        Name::Tungstenite => own(&["tungstenite"]),
        Name::Ws => {
            let folder = programs.ws.as_ref().context("the peer in Node is left out")?;
            let script = folder.join("server.js").to_string_lossy().into_owned();
            Peer::start(Path::new("node"), &[script])
        }
        Name::Parlor => bail!("Parlor is no peer of itself"),
    }
}
