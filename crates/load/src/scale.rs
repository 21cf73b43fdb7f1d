//! How much is measured: everything that bounds a run, in counts and in time.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

/// The size of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Scale {
    /// Times that each measurement is repeated, the servers taking turns.
    pub rounds: usize,
    /// Members of the room that is fanned out to, a socket each.
    pub members: usize,
    /// Members of the large room, in which only the floor is beside Parlor; none leaves it out.
    pub large: Option<usize>,
    /// Messages said one by one in a round.
    pub singles: usize,
    /// Bursts said in a round.
    pub bursts: usize,
    /// Messages in a burst.
    pub burst: u8,
    /// Sockets that do nothing.
    pub idle: usize,
    /// People who each say one thing after the other.
    pub senders: Vec<usize>,
    /// How many of them are in a room together, besides each in a room alone.
    pub together: usize,
    /// How long they do in a round.
    #[serde(serialize_with = "seconds")]
    pub sending: Duration,
    /// Commands in a round, and as many messages.
    pub commands: usize,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

impl Scale {
    /// What `make bench` measures.
    #[must_use]
    pub fn full() -> Self {
        Self {
            rounds: 9,
            members: 1_000,
            large: Some(9_000),
            singles: 60,
            bursts: 10,
            burst: 20,
            idle: 5_000,
            senders: vec![1, 50, 500],
            together: 10,
            sending: Duration::from_secs(1),
            commands: 100,
        }
    }

    /// As little as shows that everything works.
    #[must_use]
    pub fn smoke() -> Self {
        Self {
            rounds: 1,
            members: 12,
            large: Some(16),
            singles: 2,
            bursts: 1,
            burst: 3,
            idle: 20,
            senders: vec![1, 4],
            together: 2,
            sending: Duration::from_millis(50),
            commands: 2,
        }
    }
}

/// Which programs take part beside Parlor.
#[derive(Debug, Clone)]
pub struct Programs {
    /// This program, which is the floor and the peer in Rust, too.
    pub own: PathBuf,
    /// The folder of the peer in Node, with its dependencies.
    pub ws: Option<PathBuf>,
    /// A broker over which commands are measured, beside the one inside the process.
    pub broker_url: Option<String>,
}
