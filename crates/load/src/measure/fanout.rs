//! Fan-out: what a server's process spends on a core for one delivery to one socket.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use parlor_protocol::{http::Room, ids::RoomId};
use serde::Serialize;

use super::Bench;
use crate::{
    frame::{Kind, says},
    process::Cpu,
    stats::{Spread, count},
    subject::{Name, Subject, TEXT},
};

/// A room's fan-out, of all servers.
#[derive(Debug, Clone, Serialize)]
pub struct FanOut {
    pub members: usize,
    /// Bytes of a delivery on the wire: Parlor's own, and as many of everybody else's.
    pub frame_bytes: usize,
    pub rows: Vec<Row>,
    /// What Parlor spends on a message beside its deliveries, µs: reading, permission, the store, the ack.
    pub keeping_single: Option<Spread>,
    pub keeping_burst: Option<Spread>,
}

/// Microseconds on a core for one delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub name: Name,
    pub single: Spread,
    pub burst: Spread,
    /// To the bare write of every frame by itself.
    pub single_ratio: Spread,
    /// To the same: a burst that is one write costs a tenth.
    pub burst_ratio: Spread,
    /// The same without what Parlor spends on keeping the message.
    pub single_ratio_without_keeping: Option<Spread>,
    pub burst_ratio_without_keeping: Option<Spread>,
    /// What the load client spent on hearing one delivery of a single message.
    pub client: Spread,
}

/// One server's figures, round by round.
#[derive(Debug, Default)]
struct Rounds {
    single: Vec<f64>,
    burst: Vec<f64>,
    client: Vec<f64>,
}

/// # Errors
/// If a server fails.
pub fn measure(bench: &Bench, members: usize, peers: &[Name]) -> Result<FanOut> {
    let (parlor, first) = Subject::parlor(&bench.runtime, &bench.stop, members)?;
    let frame_bytes = parlor.frame_bytes;
    let alone = bench.runtime.block_on(first.creates_room("alone", "private"));
    let mut subjects = Vec::from([parlor]);
    for &name in [Name::Floor].iter().chain(peers) {
        subjects.push(Subject::peer(name, &bench.programs, &bench.stop, members, frame_bytes)?);
    }
    let mut rounds: BTreeMap<Name, Rounds> = BTreeMap::new();
    let mut keeping = Rounds::default();
    // The first round warms everybody up and does not count.
    for round in 0..=bench.scale.rounds {
        for subject in &mut subjects {
            let figures = one_round(bench, subject)?;
            if round > 0 {
                let rounds = rounds.entry(subject.name).or_default();
                rounds.single.push(figures.0);
                rounds.burst.push(figures.1);
                rounds.client.push(figures.2);
            }
            if subject.name == Name::Parlor {
                let (single, burst) = keep(bench, subject, &alone)?;
                if round > 0 {
                    keeping.single.push(single);
                    keeping.burst.push(burst);
                }
            }
        }
        subjects.rotate_left(1);
    }
    let floor = rounds.get(&Name::Floor).context("the floor takes part")?;
    let rows = rounds.iter().map(|(&name, own)| row(name, own, floor, &keeping, members));
    Ok(FanOut {
        members,
        frame_bytes,
        rows: rows.collect::<Option<_>>().context("a round at least")?,
        keeping_single: Spread::of(&keeping.single),
        keeping_burst: Spread::of(&keeping.burst),
    })
}

fn row(name: Name, own: &Rounds, floor: &Rounds, keeping: &Rounds, members: usize) -> Option<Row> {
    let without = |figures: &[f64], keeping: &[f64]| -> Vec<f64> {
        figures.iter().zip(keeping).map(|(all, keeping)| all - keeping / count(members)).collect()
    };
    let of_parlor = |ratios: Option<Spread>| ratios.filter(|_| name == Name::Parlor);
    Some(Row {
        name,
        single: Spread::of(&own.single)?,
        burst: Spread::of(&own.burst)?,
        single_ratio: Spread::of_ratios(&own.single, &floor.single)?,
        burst_ratio: Spread::of_ratios(&own.burst, &floor.single)?,
        single_ratio_without_keeping: of_parlor(Spread::of_ratios(
            &without(&own.single, &keeping.single),
            &floor.single,
        )),
        burst_ratio_without_keeping: of_parlor(Spread::of_ratios(&without(&own.burst, &keeping.burst), &floor.single)),
        client: Spread::of(&own.client)?,
    })
}

/// µs a delivery of single messages, of bursts, and of the client's for a single one.
fn one_round(bench: &Bench, subject: &mut Subject) -> Result<(f64, f64, f64)> {
    let (singles, bursts, burst) = (bench.scale.singles, bench.scale.bursts, bench.scale.burst);
    let pid = subject.server.pid();
    let (before, client) = (Cpu::of(pid)?, Cpu::of(std::process::id())?);
    for _ in 0..singles {
        subject.say(1, false)?;
    }
    let single = Cpu::of(pid)?.since(&before);
    let client = Cpu::of(std::process::id())?.since(&client);
    let before = Cpu::of(pid)?;
    for _ in 0..bursts {
        subject.say(burst, true)?;
    }
    let all = Cpu::of(pid)?.since(&before);
    let members = subject.crowd.len();
    let burst = per(all, members * bursts * usize::from(burst));
    Ok((per(single, members * singles), burst, per(client, members * singles)))
}

/// µs a message in a room in which nobody else is.
fn keep(bench: &Bench, subject: &mut Subject, alone: &Room) -> Result<(f64, f64)> {
    let burst = usize::from(bench.scale.burst);
    let single = say_alone(subject, alone.id, bench.scale.singles, 1)?;
    let bursts = say_alone(subject, alone.id, bench.scale.bursts, burst)?;
    Ok((single, bursts))
}

fn say_alone(subject: &mut Subject, room: RoomId, times: usize, at_once: usize) -> Result<f64> {
    let pid = subject.server.pid();
    let before = Cpu::of(pid)?;
    for _ in 0..times {
        let bytes: Vec<u8> = (0..at_once).flat_map(|_| says("message", room, TEXT)).collect();
        subject.crowd.send(0, &bytes)?;
        subject.crowd.hear(2 * at_once, &[Kind::Ack, Kind::Message])?;
    }
    Ok(per(Cpu::of(pid)?.since(&before), times * at_once))
}

fn per(time: Duration, times: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count(times)
}
