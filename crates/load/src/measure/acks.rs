//! Durable acks a second: each sender says the next thing when the last one is acknowledged. Senders are alone in their
//! rooms, or a few together; with all in one, the fan-out would be measured instead.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use parlor_protocol::ids::RoomId;
use parlor_testing::{Parlor, Person};
use serde::Serialize;
use tokio::task::JoinSet;

use super::Bench;
use crate::{
    crowd::Crowd,
    floor,
    frame::{Kind, says},
    process::Cpu,
    stats::{Spread, count},
    subject::{TEXT, opening_of, setup},
};

/// Logins at once; each keeps a core busy.
const LOGINS: usize = 4;
/// Bytes of a message in the floor's file: its ids, numbers and text.
const MESSAGE_BYTES: usize = 100;
/// Groups of the floor's at most, whatever the time.
const MOST_GROUPS: usize = 100_000;

#[derive(Debug, Clone, Serialize)]
pub struct Acks {
    pub senders: usize,
    /// Senders in a room.
    pub together: usize,
    pub per_second: Spread,
    /// Groups as large as there are senders, appended to a file and synced.
    pub floor_per_second: Spread,
    /// To the floor.
    pub ratio: Spread,
    /// µs of the server's on a core for each.
    pub server: Spread,
    /// µs of the load client's.
    pub client: Spread,
}

#[derive(Debug, Default)]
struct Rounds {
    rate: Vec<f64>,
    floor: Vec<f64>,
    server: Vec<f64>,
    client: Vec<f64>,
}

/// So many senders, so many of them in a room, and what came of it.
#[derive(Debug)]
struct Case {
    senders: usize,
    together: usize,
    /// Each sender's room.
    rooms: Vec<RoomId>,
    rounds: Rounds,
}

/// # Errors
/// If a server fails.
pub fn measure(bench: &Bench) -> Result<Vec<Acks>> {
    let most = bench.scale.senders.iter().copied().max().unwrap_or(0);
    let parlor = bench.runtime.block_on(setup(most).starts());
    let people = bench.runtime.block_on(log_in(&parlor, most));
    let together: Vec<usize> = if most > 1 { vec![1, bench.scale.together] } else { vec![1] };
    let mut cases = Vec::new();
    for &together in &together {
        let rooms = bench.runtime.block_on(rooms_of(&people, together));
        let senders = bench.scale.senders.iter().filter(|&&senders| senders % together == 0);
        cases.extend(senders.map(|&senders| Case {
            senders,
            together,
            rooms: rooms[..senders].to_vec(),
            rounds: Rounds::default(),
        }));
    }
    let mut crowd = Crowd::new(&bench.stop)?;
    crowd.open(parlor.port(), &people.iter().map(opening_of).collect::<Vec<_>>())?;
    for round in 0..=bench.scale.rounds {
        for case in &mut cases {
            let floor = floor::append(case.senders, MESSAGE_BYTES, bench.scale.sending, MOST_GROUPS)?;
            let (server, client) = (Cpu::of(parlor.pid())?, Cpu::of(std::process::id())?);
            let (acks, time) = send(&mut crowd, case, bench.scale.sending)?;
            // The first round warms up and does not count.
            if round > 0 {
                let per = |time: Duration| time.as_secs_f64() * 1e6 / count(acks);
                case.rounds.server.push(per(Cpu::of(parlor.pid())?.since(&server)));
                case.rounds.client.push(per(Cpu::of(std::process::id())?.since(&client)));
                case.rounds.rate.push(count(acks) / time.as_secs_f64());
                case.rounds.floor.push(floor);
            }
        }
    }
    cases.iter().map(row).collect::<Option<_>>().context("a round at least")
}

fn row(case: &Case) -> Option<Acks> {
    let rounds = &case.rounds;
    Some(Acks {
        senders: case.senders,
        together: case.together,
        per_second: Spread::of(&rounds.rate)?,
        floor_per_second: Spread::of(&rounds.floor)?,
        ratio: Spread::of_ratios(&rounds.rate, &rounds.floor)?,
        server: Spread::of(&rounds.server)?,
        client: Spread::of(&rounds.client)?,
    })
}

/// Logs the demo people in, a few at once.
async fn log_in(parlor: &Parlor, people: usize) -> Vec<Person> {
    let mut logged_in = Vec::with_capacity(people);
    let names: Vec<String> = (1..=people).map(|n| format!("demo{n:04}")).collect();
    for group in names.chunks(LOGINS) {
        let logins = group.iter().map(|name| parlor.log_in(name));
        logged_in.extend(futures_util::future::join_all(logins).await);
    }
    logged_in
}

/// Each person's room; so many have one together, and a rest that is fewer has none.
async fn rooms_of(people: &[Person], together: usize) -> Vec<RoomId> {
    let mut creating = JoinSet::new();
    for (n, people) in people.chunks_exact(together).map(<[Person]>::to_vec).enumerate() {
        creating.spawn(async move {
            let room = people[0].creates_room(&format!("room {n}"), "private").await;
            for other in &people[1..] {
                people[0].invites(other, &room).await;
            }
            (n, vec![room.id; people.len()])
        });
    }
    let mut rooms = creating.join_all().await;
    rooms.sort_by_key(|&(n, _)| n);
    rooms.into_iter().flat_map(|(_, rooms)| rooms).collect()
}

/// Every sender, one after the other acknowledged, for this long: how many acks in which time.
fn send(crowd: &mut Crowd, case: &Case, sending: Duration) -> Result<(usize, Duration)> {
    let rooms = &case.rooms;
    let since = Instant::now();
    for (who, room) in rooms.iter().enumerate() {
        crowd.send(who, &says("message", *room, TEXT))?;
    }
    // A message is over when its ack and all copies have come, in any order: nothing is left for the next round.
    let (mut acks, mut copies, mut sent) = (0, 0, rooms.len());
    let together = case.together;
    let mut time = Duration::ZERO;
    crowd.listen(|who, kind, reply| {
        match kind {
            Kind::Ack => {
                acks += 1;
                time = since.elapsed();
                if time < sending {
                    sent += 1;
                    reply.extend(says("message", rooms[who], TEXT));
                }
            }
            Kind::Message => copies += 1,
            _ => {}
        }
        if acks == sent && copies == sent * together { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((acks, time))
}
