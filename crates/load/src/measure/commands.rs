//! A command's round trip: `/stock` from the socket over broker and bot to its answer in the room, beside the `ack`
//! of a message on the same socket. The quote provider is a double on this machine, asked once: the bot's cache
//! answers, so that Parlor is measured and not a provider.

use std::time::Instant;

use anyhow::{Context as _, Result};
use parlor_protocol::ids::RoomId;
use parlor_testing::{Parlor, Person, Quotes, Rabbit};
use serde::Serialize;

use super::Bench;
use crate::{
    crowd::Crowd,
    frame::{Kind, says},
    stats::{Spread, percentile},
    subject::{TEXT, opening_of, setup},
};

#[derive(Debug, Clone, Serialize)]
pub struct Commands {
    /// Which broker: `memory` or `amqp`.
    pub broker: &'static str,
    /// Milliseconds.
    pub command_p50: f64,
    pub command_p99: f64,
    pub ack_p50: f64,
    pub ack_p99: f64,
    /// A round's p50 of commands to that of acks: a command is two writes to the store, and two ways over the broker.
    pub ratio: Spread,
}

/// # Errors
/// If a server fails.
pub fn measure(bench: &Bench) -> Result<Vec<Commands>> {
    let mut all = vec![over(bench, "memory", None)?];
    if let Some(url) = &bench.programs.broker_url {
        all.push(over(bench, "amqp", Some(url))?);
    }
    Ok(all)
}

fn over(bench: &Bench, broker: &'static str, url: Option<&str>) -> Result<Commands> {
    // Queues of its own, so that nobody else's bots answer.
    let rabbit = Rabbit::default();
    // The double goes on answering as long as it is held.
    let (_quotes, parlor, asker, room) = bench.runtime.block_on(start(url, &rabbit));
    let mut crowd = Crowd::new(&bench.stop)?;
    crowd.open(parlor.port(), &[opening_of(&asker)])?;
    let (mut commands, mut acks, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=bench.scale.rounds {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for _ in 0..bench.scale.commands {
            here.push(ask(&mut crowd, room, "command", "/stock aapl.us", &[Kind::Accepted, Kind::Message])?);
            // The ack and one's own copy come in either order.
            there.push(ask(&mut crowd, room, "message", TEXT, &[Kind::Ack, Kind::Message])?);
        }
        // The first round warms up and does not count.
        if round > 0 {
            let median = |times: &[f64]| percentile(times, 0.5).context("a command at least");
            ratios.push(median(&here)? / median(&there)?);
            commands.append(&mut here);
            acks.append(&mut there);
        }
    }
    drop(parlor);
    if url.is_some() {
        bench.runtime.block_on(rabbit.tidy(&["stock"]));
    }
    let of = |times: &[f64], share| percentile(times, share).context("a round at least");
    Ok(Commands {
        broker,
        command_p50: of(&commands, 0.5)?,
        command_p99: of(&commands, 0.99)?,
        ack_p50: of(&acks, 0.5)?,
        ack_p99: of(&acks, 0.99)?,
        ratio: Spread::of(&ratios).context("a round at least")?,
    })
}

/// A fresh server with a provider, and somebody alone in a room.
async fn start(broker_url: Option<&str>, rabbit: &Rabbit) -> (Quotes, Parlor, Person, RoomId) {
    let quotes = Quotes::start().await;
    let mut setup = setup(0).quotes_from(&quotes);
    if let Some(url) = broker_url {
        setup = setup.meets_at(url, rabbit);
    }
    let parlor = setup.starts().await;
    let asker = parlor.log_in("carlos").await;
    asker.can_use("stock").await;
    let room = asker.creates_room("alone", "private").await.id;
    (quotes, parlor, asker, room)
}

/// Milliseconds until all of these have come.
fn ask(crowd: &mut Crowd, room: RoomId, kind: &str, text: &str, awaited: &[Kind]) -> Result<f64> {
    let frame = says(kind, room, text);
    let since = Instant::now();
    crowd.send(0, &frame)?;
    crowd.hear(awaited.len(), awaited)?;
    Ok(since.elapsed().as_secs_f64() * 1e3)
}
