//! Memory: how much more a server's process holds for each socket that does nothing.

use anyhow::{Context as _, Result};
use parlor_testing::Person;
use serde::Serialize;

use super::Bench;
use crate::{
    crowd::{Crowd, Opening},
    process::resident_bytes,
    stats::{Spread, count},
    subject::{Name, Server, openings_of, setup, start_peer},
};

/// Sockets that are there before it is measured: by then a server has whatever it needs only once.
const WARM: usize = 100;
/// A fresh server each time, so a few times are enough.
const ROUNDS: usize = 3;

#[derive(Debug, Clone, Serialize)]
pub struct Memory {
    pub name: Name,
    pub sockets: usize,
    pub bytes_per_socket: Spread,
}

/// # Errors
/// If a server fails.
pub fn measure(bench: &Bench) -> Result<Vec<Memory>> {
    let names: Vec<Name> = std::iter::once(Name::Parlor).chain(bench.peers()).collect();
    let mut figures = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS.min(bench.scale.rounds) {
        for (&name, figures) in names.iter().zip(&mut figures) {
            figures.push(one(bench, name)?);
        }
    }
    let rows = names.iter().zip(&figures).map(|(&name, figures)| {
        let bytes_per_socket = Spread::of(figures).context("a round at least")?;
        Ok(Memory { name, sockets: bench.scale.idle, bytes_per_socket })
    });
    rows.collect()
}

fn one(bench: &Bench, name: Name) -> Result<f64> {
    let idle = bench.scale.idle;
    let (server, people) = start(bench, name)?;
    let openings = |sockets| match &people {
        Some(people) => openings_of(people, sockets),
        None => vec![Opening::default(); sockets],
    };
    let mut crowd = Crowd::new(&bench.stop)?;
    crowd.open(server.port(), &openings(WARM.min(idle)))?;
    let before = resident_bytes(server.pid())?;
    crowd.open(server.port(), &openings(idle))?;
    let after = resident_bytes(server.pid())?;
    Ok(count(usize::try_from(after.saturating_sub(before))?) / count(idle))
}

/// A fresh server, and the people whose sockets it lets in.
fn start(bench: &Bench, name: Name) -> Result<(Server, Option<[Person; 3]>)> {
    if name != Name::Parlor {
        return Ok((Server::Peer(start_peer(name, &bench.programs, bench.scale.idle, 200)?), None));
    }
    let people = async {
        let parlor = setup(0).starts().await;
        let people = [parlor.log_in("carlos").await, parlor.log_in("john").await, parlor.log_in("gerard").await];
        (parlor, people)
    };
    let (parlor, people) = bench.runtime.block_on(people);
    Ok((Server::Parlor(Box::new(parlor)), Some(people)))
}
