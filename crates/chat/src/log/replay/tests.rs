//! A room, a socket and a client by their rules, driven by thousands of random schedules: entries, slow walkers,
//! overflows, lost connections, removals. However it goes, the client ends with exactly what the log says.

use std::collections::VecDeque;

use parlor_protocol::{ids::Seq, limits};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{PAGE, Replay, Step};

const SEEDS: u64 = 3_000;
/// Frames held back before they are too many; few, so that it happens.
const HELD_FRAMES: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Frame {
    Hello,
    Entry(u64),
    Resumed(u64),
    Reset,
    Gone,
    Joined,
}

/// What passes the room's queue; all but entries for the connection of that number.
enum Item {
    Entry(u64),
    Join(u64, Option<Frame>),
    Hold(u64, u64),
    Gone(u64),
}

/// The server's side of a connection, and what is on its way.
#[derive(Default)]
struct Connection {
    number: u64,
    /// Noted when a join is queued, as sockets do; `in_room` once the walker has come to it.
    entered: bool,
    in_room: bool,
    held: Option<Held>,
    replay: Option<(Replay, Step)>,
    waiting_for_cut: bool,
    to_client: VecDeque<Frame>,
    to_server: VecDeque<u64>,
}

#[derive(Default)]
struct Held {
    frames: Vec<u64>,
    overflowed: bool,
}

/// By the client's rules of the protocol.
#[derive(Default)]
struct Client {
    has: Vec<u64>,
    ahead: Vec<u64>,
    asked: bool,
    gone: bool,
    /// On this connection nothing at or below may come any more.
    floor: u64,
}

#[derive(Default, Debug)]
struct Saw {
    drops: u64,
    duplicates: u64,
    resets: u64,
    removals: u64,
    overflows: u64,
}

#[derive(Default)]
struct World {
    last: u64,
    member: bool,
    queue: VecDeque<Item>,
    connections: u64,
    connection: Option<Connection>,
    client: Client,
    saw: Saw,
}

impl Client {
    fn last(&self) -> u64 {
        self.has.last().copied().unwrap_or(0)
    }
    fn load_history(&mut self, last: u64) {
        self.has = (1..=last.max(self.last())).collect();
        self.take_ahead();
    }
    fn take_ahead(&mut self) {
        self.ahead.sort_unstable();
        for seq in std::mem::take(&mut self.ahead) {
            if seq == self.last() + 1 {
                self.has.push(seq);
            } else if seq > self.last() {
                self.ahead.push(seq);
            }
        }
    }
}

impl World {
    fn append(&mut self, count: u64) {
        for _ in 0..count {
            self.last += 1;
            self.queue.push_back(Item::Entry(self.last));
        }
    }

    fn connect(&mut self) {
        if self.connection.is_some() {
            return;
        }
        self.connections += 1;
        let mut connection = Connection { number: self.connections, entered: self.member, ..Connection::default() };
        connection.to_client.push_back(Frame::Hello);
        if self.member {
            self.queue.push_back(Item::Join(connection.number, None));
        }
        connection.to_server.push_back(self.client.last());
        let has = std::mem::take(&mut self.client.has);
        self.client = Client { has, asked: true, ..Client::default() };
        self.connection = Some(connection);
    }

    fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.saw.drops += u64::from(!connection.to_client.is_empty());
        }
    }

    fn remove(&mut self) {
        if !std::mem::take(&mut self.member) {
            return;
        }
        self.saw.removals += 1;
        if let Some(connection) = &mut self.connection
            && std::mem::take(&mut connection.entered)
        {
            self.queue.push_back(Item::Gone(connection.number));
        }
        self.append(1);
    }

    fn rejoin(&mut self) {
        if std::mem::replace(&mut self.member, true) {
            return;
        }
        self.append(1);
        if let Some(connection) = &mut self.connection
            && !std::mem::replace(&mut connection.entered, true)
        {
            self.queue.push_back(Item::Join(connection.number, Some(Frame::Joined)));
        }
    }

    fn walk(&mut self) {
        let Some(item) = self.queue.pop_front() else { return };
        let Some(connection) = &mut self.connection else { return };
        match item {
            Item::Entry(seq) if connection.in_room => match &mut connection.held {
                Some(held) if held.overflowed => {}
                Some(held) => {
                    held.frames.push(seq);
                    held.overflowed = held.frames.len() > HELD_FRAMES;
                }
                None => connection.to_client.push_back(Frame::Entry(seq)),
            },
            Item::Join(number, first) if number == connection.number => {
                connection.in_room = true;
                connection.to_client.extend(first);
            }
            Item::Hold(number, cut) if number == connection.number => {
                connection.waiting_for_cut = false;
                if connection.in_room {
                    connection.held = Some(Held::default());
                }
                let cut = connection.in_room.then_some(Seq(cut));
                if let Some((replay, step)) = &mut connection.replay {
                    *step = replay.cut(cut);
                }
            }
            Item::Gone(number) if number == connection.number => {
                connection.in_room = false;
                connection.held = None;
                connection.to_client.push_back(Frame::Gone);
            }
            _ => {}
        }
    }

    /// The connection's task: one request after the other, one step after the other.
    fn serve(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if connection.waiting_for_cut {
            return;
        }
        let Some((replay, step)) = &mut connection.replay else {
            connection.replay = connection.to_server.pop_front().map(|seen| Replay::after(Seq(seen)));
            return;
        };
        let over = match *step {
            Step::Cut => {
                connection.waiting_for_cut = true;
                self.queue.push_back(Item::Hold(connection.number, self.last));
                false
            }
            Step::Gone => {
                connection.to_client.push_back(Frame::Gone);
                true
            }
            _ if connection.held.is_none() => true,
            Step::Send { after, upto } => {
                let end = upto.0.min(after.0 + u64::from(PAGE));
                connection.to_client.extend((after.0 + 1..=end).map(Frame::Entry));
                *step = replay.sent(Some(Seq(end)));
                false
            }
            Step::Release { resumed } => match connection.held.take() {
                Some(held) if held.overflowed => {
                    self.saw.overflows += 1;
                    connection.held = Some(held);
                    *step = replay.overflowed();
                    false
                }
                held => {
                    connection.to_client.push_back(Frame::Resumed(resumed.0));
                    connection.to_client.extend(held.into_iter().flat_map(|held| held.frames).map(Frame::Entry));
                    true
                }
            },
            Step::Reset { .. } => {
                connection.held = None;
                connection.to_client.push_back(Frame::Reset);
                true
            }
        };
        if over {
            connection.replay = None;
        }
    }

    fn hear(&mut self) {
        let Some(frame) = self.connection.as_mut().and_then(|connection| connection.to_client.pop_front()) else {
            return;
        };
        let client = &mut self.client;
        let of_the_room = matches!(frame, Frame::Entry(_) | Frame::Resumed(_) | Frame::Reset);
        assert!(!(client.gone && of_the_room), "room_gone is the room's last frame, then came {frame:?}");
        match frame {
            Frame::Hello => {}
            Frame::Entry(seq) => {
                assert!(seq > client.floor, "after `resumed` {} came {seq}", client.floor);
                if seq <= client.last() {
                    self.saw.duplicates += 1;
                } else if seq == client.last() + 1 {
                    client.has.push(seq);
                    client.take_ahead();
                } else {
                    assert!(client.asked, "a live room skipped from {} to {seq}", client.last());
                    client.ahead.push(seq);
                }
            }
            Frame::Resumed(seq) => {
                assert!(client.last() >= seq, "`resumed` {seq}, but the client has only {}", client.last());
                client.floor = seq;
                client.asked = false;
            }
            Frame::Reset => {
                self.saw.resets += 1;
                client.asked = false;
                client.load_history(self.last);
            }
            Frame::Gone => {
                client.gone = true;
                client.asked = false;
                client.ahead.clear();
            }
            Frame::Joined => {
                client.gone = false;
                client.load_history(self.last);
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let calm = |connection: &Connection| {
            connection.to_client.is_empty() && connection.to_server.is_empty() && connection.replay.is_none()
        };
        self.queue.is_empty() && self.connection.as_ref().is_some_and(calm)
    }
}

fn run(seed: u64) -> Saw {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut world = World { member: true, ..World::default() };
    for _ in 0..dice.random_range(20..200) {
        match dice.random_range(0..100) {
            0..20 => world.append(dice.random_range(1..4)),
            20 => world.append(limits::RESUME_ENTRIES + dice.random_range(0..3)),
            21..25 => world.append(dice.random_range(50..250)),
            25..45 => world.walk(),
            45..62 => world.serve(),
            62..84 => world.hear(),
            84..90 => world.connect(),
            90..94 => world.disconnect(),
            94..96 => world.remove(),
            _ => world.rejoin(),
        }
    }
    world.connect();
    while !world.is_quiet() {
        world.walk();
        world.serve();
        world.hear();
    }
    if world.member {
        let all: Vec<u64> = (1..=world.last).collect();
        assert_eq!(world.client.has, all, "the client has what the log has");
        assert!(world.client.ahead.is_empty());
    } else {
        assert!(world.client.gone, "who is no member knows it");
    }
    world.saw
}

#[test]
fn whatever_happens_the_client_ends_with_what_the_log_says() {
    let mut all = Saw::default();
    for seed in 0..SEEDS {
        let saw = std::panic::catch_unwind(|| run(seed));
        let saw = saw.unwrap_or_else(|_| panic!("seed {seed} failed, see above"));
        all.drops += saw.drops;
        all.duplicates += saw.duplicates;
        all.resets += saw.resets;
        all.removals += saw.removals;
        all.overflows += saw.overflows;
    }
    let Saw { drops, duplicates, resets, removals, overflows } = all;
    assert!([drops, duplicates, resets, removals, overflows].iter().all(|count| *count > 0), "not seen: {all:?}");
}

#[test]
fn the_bounds_of_a_reset_are_exact() {
    let from = |seen: u64, cut: u64| {
        let (mut replay, first) = Replay::after(Seq(seen));
        assert_eq!(first, Step::Cut);
        replay.cut(Some(Seq(cut)))
    };
    assert_eq!(from(0, 1_000), Step::Send { after: Seq(0), upto: Seq(1_000) });
    assert_eq!(from(0, 1_001), Step::Reset { last: Seq(1_001) });
    assert_eq!(from(8, 7), Step::Reset { last: Seq(7) });
    assert_eq!(from(7, 7), Step::Release { resumed: Seq(7) });
    assert_eq!(from(0, 0), Step::Release { resumed: Seq(0) });
}
