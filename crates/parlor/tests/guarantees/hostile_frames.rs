//! Websocket frames that no browser sends: each closes with its code or gets its error, and harms nobody else.

use parlor_protocol::http::Room;
use parlor_testing::{
    Parlor, Person, Tab, eventually,
    footprint::memory,
    raw::{Frame, Raw},
};
use serde_json::json;

const MIB: usize = 1024 * 1024;

/// A server with a bystander, whom nothing must disturb.
struct World {
    parlor: Parlor,
    carlos: Person,
    bystander: Tab,
    general: Room,
    said: u32,
}

impl World {
    async fn begins() -> Self {
        let parlor = Parlor::starts().await;
        let carlos = parlor.log_in("carlos").await;
        let bystander = parlor.log_in("john").await.connects().await;
        let general = bystander.room("general").clone();
        Self { parlor, carlos, bystander, general, said: 0 }
    }
    async fn socket(&self) -> Raw {
        let mut raw = Raw::upgrades(self.parlor.port(), &self.carlos).await;
        raw.hears_type("hello").await;
        raw
    }
    fn message(&self, text: &str) -> String {
        let id = parlor_protocol::ids::MessageId::new();
        json!({"type": "message", "id": id, "room": self.general.id, "text": text}).to_string()
    }
    async fn too_slow(&self) -> f64 {
        self.parlor.metric("parlor_sockets_too_slow_total").await
    }
    /// The bystander's socket has heard nothing but messages, and works.
    async fn goes_on(&mut self) {
        self.said += 1;
        let text = format!("undisturbed {}", self.said);
        self.bystander.says(&text).in_room(&self.general).await;
        self.bystander.hears_message(&text).await;
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_with_its_code() {
    let mut world = World::begins().await;
    let text = || Frame::text("{}");
    let broken = [
        ("unmasked", text().unmasked().bytes(), 1002),
        ("first reserved bit", text().reserved(0x40).bytes(), 1002),
        ("second reserved bit", text().reserved(0x20).bytes(), 1002),
        ("third reserved bit", text().reserved(0x10).bytes(), 1002),
        ("reserved data", Frame::new(3, "x").bytes(), 1002),
        ("reserved data, the last", Frame::new(7, "x").bytes(), 1002),
        ("reserved control", Frame::new(11, "x").bytes(), 1002),
        ("reserved control, the last", Frame::new(15, "x").bytes(), 1002),
        ("a long ping", Frame::ping(vec![0; 126]).bytes(), 1002),
        ("a huge ping", Frame::ping(vec![0; 70_000]).bytes(), 1002),
        ("a fragment of a ping", Frame::ping("x").unfinished().bytes(), 1002),
        ("a fragment of a pong", Frame::new(10, "x").unfinished().bytes(), 1002),
        ("a fragment of a close", Frame::close(1000, b"").unfinished().bytes(), 1002),
        ("a long close", Frame::close(1000, &[b'x'; 124]).bytes(), 1002),
        ("a continuation of nothing", Frame::continuation("x").bytes(), 1002),
        ("a message within another", [text().unfinished().bytes(), text().bytes()].concat(), 1002),
        ("no UTF-8", Frame::new(1, [0xff, 0xfe]).bytes(), 1007),
        ("half a character", Frame::new(1, [b'a', 0xe2, 0x82]).bytes(), 1007),
        ("a surrogate", Frame::new(1, [0xed, 0xa0, 0x80]).bytes(), 1007),
        ("too long a spelling", Frame::new(1, [0xc0, 0xaf]).bytes(), 1007),
        ("more than 1 MiB", Frame::new(1, vec![b'x'; MIB + 1]).bytes(), 1009),
        ("more than 1 MiB of binary", Frame::new(2, vec![0; MIB + 1]).bytes(), 1009),
        ("a promise of more than there is", text().claiming(u64::MAX).bytes(), 1009),
        ("a promise with the highest bit alone", text().claiming(1 << 63).bytes(), 1009),
        (
            "more than 1 MiB in two",
            [Frame::new(1, vec![b'x'; MIB]).unfinished().bytes(), Frame::continuation("x").bytes()].concat(),
            1009,
        ),
    ];
    for (what, bytes, code) in broken {
        let mut raw = world.socket().await;
        raw.offers(&bytes).await;
        // What follows is not listened to.
        raw.offers(&Frame::text(&world.message("behind the end")).bytes()).await;
        assert_eq!(raw.is_closed().await, Some(code), "{what}");
        assert_eq!(raw.hears().await, None, "{what}: nothing comes behind a close");
    }
    world.goes_on().await;
    let read = world.carlos.reads(&world.general).await;
    assert!(!read.iter().any(|text| text == "behind the end"), "{read:?}");
}

#[tokio::test]
async fn a_message_in_pieces_is_one_whatever_comes_between() {
    let mut world = World::begins().await;
    let mut raw = world.socket().await;
    let message = world.message("in pieces: ä€😀");
    // Byte by byte, characters cut through, with pings, pongs and empty pieces between.
    let (first, rest) = message.as_bytes().split_at(1);
    let mut bytes = Frame::new(1, first).unfinished().bytes();
    for byte in rest {
        bytes.extend(Frame::continuation([*byte]).unfinished().bytes());
        bytes.extend(Frame::continuation("").unfinished().bytes());
        bytes.extend(Frame::new(10, "nobody asked").bytes());
    }
    bytes.extend(Frame::ping("between").bytes());
    bytes.extend(Frame::continuation("").bytes());
    assert!(raw.offers(&bytes).await);
    assert_eq!(raw.hears().await.unwrap().payload, b"between");
    raw.hears_type("ack").await;
    world.bystander.hears_message("in pieces: ä€😀").await;
}

#[tokio::test]
async fn a_message_whose_pieces_never_end_takes_no_more_than_its_bound() {
    let mut world = World::begins().await;
    let mut raw = world.socket().await;
    raw.offers(&Frame::new(1, " ").unfinished().bytes()).await;
    let empty = Frame::continuation("").unfinished().bytes().repeat(10_000);
    for _ in 0..10 {
        assert!(raw.offers(&empty).await);
    }
    world.goes_on().await;
    // Nothing at all is no end, but a bit more each time is.
    let more = Frame::continuation(vec![b' '; 100 * 1024]).unfinished().bytes();
    for _ in 0..12 {
        raw.offers(&more).await;
    }
    assert_eq!(raw.is_closed().await, Some(1009));
    world.goes_on().await;
}

#[tokio::test]
async fn frames_that_are_no_json_of_ours_leave_the_socket_open() {
    let mut world = World::begins().await;
    let mut raw = world.socket().await;
    let id = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";
    let deep = |levels: usize| {
        format!(r#"{{"type":"x","id":"{id}","x":{}1{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
    };
    for (frame, code, words) in [
        (Frame::new(2, "{}"), "invalid_request", "binary"),
        (Frame::new(2, vec![0; MIB]), "invalid_request", "binary"),
        (Frame::text(""), "invalid_request", "object"),
        (Frame::text("{\"type\":\"mess\0age\"}"), "invalid_request", ""),
        (Frame::text("\u{feff}{}"), "invalid_request", ""),
        // The bound is told apart from a frame that is merely none of ours.
        (Frame::text(&deep(16)), "invalid_request", "not one of the frames"),
        (Frame::text(&deep(17)), "invalid_request", "16 deep"),
        (Frame::text(&"[".repeat(100_000)), "invalid_request", "16 deep"),
        (Frame::text(&r#"{"a":"#.repeat(20_000)), "invalid_request", "16 deep"),
        (Frame::text(&format!(r#"{{"id":{}"#, "[".repeat(120_000))), "invalid_request", "16 deep"),
        (Frame::text(&format!(r#"{{"id":{}"#, "[".repeat(1_000_000))), "too_large", "KiB"),
        (Frame::text(&" ".repeat(128 * 1024 + 1)), "too_large", "KiB"),
        (Frame::text(&" ".repeat(MIB)), "too_large", "KiB"),
    ] {
        assert!(raw.offers(&frame.bytes()).await);
        let error = raw.hears_type("error").await;
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    raw.offers(&Frame::text(&world.message("still open")).bytes()).await;
    raw.hears_type("ack").await;
    world.bystander.hears_message("still open").await;
}

#[tokio::test]
async fn every_close_is_answered_and_ends_the_connection() {
    let mut world = World::begins().await;
    let fine = [1000, 1001, 1002, 1003, 1007, 1011, 3000, 3999, 4000, 4999];
    let odd = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535];
    let mut closes: Vec<_> = fine.map(|code| (Frame::close(code, "bye ä".as_bytes()), 1000)).to_vec();
    closes.extend(odd.map(|code| (Frame::close(code, b""), 1002)));
    closes.push((Frame::new(8, ""), 1000));
    closes.push((Frame::new(8, [3]), 1002));
    closes.push((Frame::close(1000, &[0xff]), 1002));
    for (close, answer) in closes {
        let mut raw = world.socket().await;
        let behind = [close.bytes(), Frame::ping("still?").bytes(), Frame::text("{}").bytes()].concat();
        raw.offers(&behind).await;
        assert_eq!(raw.is_closed().await, Some(answer), "{close:?}");
        assert_eq!(raw.hears().await, None, "{close:?}: nothing comes behind a close");
    }
    world.goes_on().await;
}

#[tokio::test]
async fn ten_thousand_pings_are_ten_thousand_pongs() {
    let mut world = World::begins().await;
    let mut raw = world.socket().await;
    let pings: Vec<u8> = (0..10_000_u32).flat_map(|n| Frame::ping(n.to_be_bytes()).bytes()).collect();
    assert!(raw.offers(&pings).await);
    world.goes_on().await;
    let mut next = 0_u32;
    while next < 10_000 {
        let heard = raw.hears().await.unwrap();
        if heard.opcode == 10 {
            assert_eq!(heard.payload, next.to_be_bytes());
            next += 1;
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_and_never_read_ends_in_a_close_within_bounds() {
    let mut world = World::begins().await;
    for flood in [Frame::ping(""), Frame::ping([b'p'; 125]), Frame::text("x"), Frame::new(2, "")] {
        let mut raw = world.socket().await;
        let (before, closed) = (memory(world.parlor.pid()), world.too_slow().await);
        let frames = flood.bytes().repeat(2_000);
        let mut most = 0;
        // Far more than the kernel holds; without a bound the server would hold it all.
        for _ in 0..1_000 {
            if !raw.offers(&frames).await || world.too_slow().await > closed + 0.5 {
                break;
            }
            most = most.max(memory(world.parlor.pid()).saturating_sub(before) / MIB as u64);
        }
        assert_eq!(raw.is_closed().await, Some(4408), "{flood:?}");
        assert!(most < 32, "{flood:?}: {most} MiB");
        world.goes_on().await;
    }
}

#[tokio::test]
async fn sockets_half_closed_or_gone_are_forgotten() {
    let mut world = World::begins().await;
    for n in 0..60 {
        let mut raw = world.socket().await;
        match n % 4 {
            0 => raw.falls_silent().await,
            1 => raw.vanishes(),
            2 => drop(raw),
            _ => {
                // In the middle of a frame.
                raw.offers(&Frame::text("{}").claiming(100_000).bytes()).await;
                raw.vanishes();
            }
        }
    }
    eventually("end of all sockets but the bystander's", async || {
        (world.parlor.metric("parlor_sockets").await < 1.5).then_some(())
    })
    .await;
    world.goes_on().await;
}

#[tokio::test]
async fn what_was_said_before_a_half_close_is_kept() {
    let mut world = World::begins().await;
    let mut raw = world.socket().await;
    raw.offers(&Frame::text(&world.message("last words")).bytes()).await;
    raw.falls_silent().await;
    world.bystander.hears_message("last words").await;
    raw.reads_to_the_end().await;
}

#[tokio::test]
async fn frames_that_came_with_the_handshake_are_read() {
    let mut world = World::begins().await;
    let upgrade = parlor_testing::raw::upgrade(world.parlor.port(), &world.carlos);
    let mut raw = Raw::connects(world.parlor.port()).await;
    let frame = Frame::text(&world.message("too early")).bytes();
    raw.offers(&[upgrade.as_bytes(), &frame].concat()).await;
    assert!(raw.reads_head().await.starts_with("HTTP/1.1 101 "));
    raw.hears_type("hello").await;
    raw.hears_type("ack").await;
    world.bystander.hears_message("too early").await;
}
