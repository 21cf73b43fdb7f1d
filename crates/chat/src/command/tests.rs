//! Bots that lie, repeat themselves or send rubbish: each command still has exactly one outcome, fit to be shown.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use parlor_broker::{Broker as _, Delivery, MemoryBroker, Message, Queue, QueueKind, Topology, Verdict};
use parlor_edge::{Keys, Readiness, Site};
use parlor_protocol::{
    auth::Person,
    broker::ManifestReply,
    error::ErrorCode,
    http::RoomKind,
    ids::{MessageId, RoomId, Seq},
    limits,
    socket::{Fraction, ServerFrame},
    time::Timestamp,
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use super::{Commands, answer, catalogue, listen, own};
use crate::{
    auth::InProcess,
    hub::Hub,
    log::{Log, entry::EntryKind},
    node::{Config, Connections, Node},
    people::People,
    request::rate::Rates,
    socket::{Socket, wire},
    store::{NewInvocation, Outcome, Store, conformance, sqlite::SqliteStore},
};

/// A node of which only the commands are at work, with one person in one room.
struct World {
    node: Node,
    broker: Arc<MemoryBroker>,
    anna: Person,
    room: RoomId,
    _folder: tempfile::TempDir,
}

impl World {
    async fn begins() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("chat.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&database).await.unwrap());
        let anna = conformance::person("anna");
        let room = conformance::room_of(&store, RoomKind::Private, &[&anna]).await;
        let hub = Arc::new(Hub::new(Arc::clone(&store)));
        let (log, writer) = Log::new(Arc::clone(&store), Arc::clone(&hub));
        tokio::spawn(writer.run(CancellationToken::new()));
        let people = People::load(&*store, Arc::new(InProcess(axum::Router::new()))).await.unwrap();
        let broker = Arc::new(MemoryBroker::new());
        let config = Config {
            database,
            keys: Keys::derive("a secret of at least 32 characters").unwrap(),
            site: Site::new(None, false).unwrap(),
            demo: None,
            message_rate: None,
            sockets_per_person: None,
            command_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            built_in_commands: Vec::new(),
        };
        let (commands, _outgoing) = Commands::new(Arc::clone(&broker) as _, Topology::new("test"));
        let (readiness, rates, connections) = (Readiness::starting(), Rates::new(None), Connections::default());
        let (reading, _keeper) = crate::reading::Reading::new(Arc::clone(&store));
        let node = Node { config, store, hub, log, reading, people, commands, readiness, rates, connections };
        Self { node, broker, anna, room, _folder: folder }
    }

    /// What a bot's manifest is answered with, if it can be read.
    async fn announces(&self, manifest: impl AsRef<[u8]>) -> Option<ManifestReply> {
        let replies = Queue { name: "replies".into(), kind: QueueKind::Exclusive { max_length: 10 } };
        self.broker.declare(&replies).await.unwrap();
        let message = Message::new(manifest.as_ref().to_vec()).reply_to(replies.name.clone());
        let (delivery, verdict) = delivered(message);
        catalogue::take_manifest(&self.node, delivery).await;
        if verdict() != Verdict::Ack {
            return None;
        }
        let mut consumer = self.broker.consume(&replies.name, 1).await.unwrap();
        let reply = consumer.next().await.unwrap();
        let read = serde_json::from_slice(reply.body()).unwrap();
        reply.ack();
        Some(read)
    }

    /// Why none of a manifest's commands is taken.
    async fn refuses(&self, manifest: &Value) -> String {
        let reply = self.announces(manifest.to_string()).await.expect("a manifest that can be read");
        assert_eq!(reply.accepted, [], "{manifest}");
        reply.refused.into_iter().next().expect("a refused command").reason
    }

    /// A command that waits for its outcome.
    async fn asked(&self) -> MessageId {
        let now = Timestamp::now();
        self.asked_until(now.plus(Duration::from_secs(60))).await
    }
    async fn asked_until(&self, deadline: Timestamp) -> MessageId {
        let id = MessageId::new();
        let asked = NewInvocation {
            id,
            room: self.room,
            asker: self.anna.id,
            command: "quote".into(),
            line: "/quote x".into(),
            bot: "quotes".into(),
            bot_name: "Quotes".into(),
            created: Timestamp::from_millis(0),
            deadline,
        };
        self.node.store.begin(&asked).await.unwrap();
        id
    }

    async fn answers(&self, answer: impl AsRef<[u8]>) -> Verdict {
        let (delivery, verdict) = delivered(Message::new(answer.as_ref().to_vec()));
        answer::take_answer(&self.node, &CancellationToken::new(), delivery).await;
        verdict()
    }

    async fn outcome(&self, id: MessageId) -> Option<Outcome> {
        self.node.store.invocation(id).await.unwrap().unwrap().outcome
    }
    /// The texts in the room's log.
    async fn texts(&self) -> Vec<String> {
        let entries = self.node.store.entries(self.room, Seq(0), Seq(1_000), 1_000).await.unwrap();
        let messages = entries.into_iter().filter_map(|entry| match entry.kind {
            EntryKind::Message(message) => Some(message.text),
            _ => None,
        });
        messages.collect()
    }
}

/// A delivery, and how it was settled.
fn delivered(message: Message) -> (Delivery, impl FnOnce() -> Verdict) {
    let settled = Arc::new(Mutex::new(None));
    let verdict = Arc::clone(&settled);
    let delivery = Delivery::new(message, false, move |verdict| *settled.lock().unwrap() = Some(verdict));
    (delivery, move || verdict.lock().unwrap().take().expect("it was settled"))
}

fn manifest(commands: Value) -> Value {
    json!({"bot": "quotes", "name": "Quotes", "replica": "1", "commands": commands})
}
fn command(name: &str) -> Value {
    json!({"name": name, "summary": "A quote"})
}
fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

fn answer_of(id: MessageId, outcome: Value) -> Value {
    json!({"id": id, "bot": "quotes", "replica": "1", "outcome": outcome})
}
fn message(text: &str) -> Value {
    json!({"type": "message", "text": text})
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_is_rejected() {
    let world = World::begins().await;
    let good = manifest(json!([command("quote")])).to_string();
    let deep = format!(r#"{{"bot":{}"#, "[".repeat(100_000));
    let twice = good.replacen(r#""bot":"quotes""#, r#""bot":"quotes","bot":"other""#, 1);
    let huge = with(manifest(json!([])), "name", json!("x".repeat(limits::BROKER_BYTES))).to_string();
    let padded = format!("{good}{}", " ".repeat(limits::BROKER_BYTES));
    let wrong_type = with(manifest(json!([])), "commands", json!({"quote": 1})).to_string();
    let more = with(manifest(json!([])), "admin", json!(true)).to_string();
    for bad in ["", "null", "[]", "\0", "{", &deep, &twice, &huge, &padded, &wrong_type, &more, &good[..good.len() - 1]]
    {
        assert_eq!(world.announces(bad).await, None, "{}", &bad[..bad.len().min(60)]);
    }
    assert_eq!(world.announces(b"{\"bot\":\"\xff\"}").await, None);
    assert_eq!(world.node.commands.claims(), []);
    assert_eq!(world.announces(good).await.unwrap().accepted.len(), 1);
}

#[tokio::test]
async fn a_bot_that_is_not_what_it_may_be_gets_no_command() {
    let world = World::begins().await;
    let good = manifest(json!([command("quote")]));
    for (field, wrong) in [
        ("bot", json!("")),
        ("bot", json!(own::BOT)),
        ("bot", json!("Quotes")),
        ("bot", json!("quo_tes")),
        ("bot", json!("1quotes")),
        ("bot", json!("quotes\n")),
        ("bot", json!("qu\u{43e}tes")),
        ("bot", json!("q".repeat(33))),
        ("name", json!("")),
        ("name", json!("Quo\u{202e}tes")),
        ("name", json!("Quotes\u{200b}")),
        ("name", json!("Quo\ntes")),
        ("name", json!("x".repeat(81))),
        ("replica", json!("x".repeat(65))),
        ("commands", json!([command("quote"), command("other"), command("quote")])),
        (
            "commands",
            Value::from((0..=limits::MANIFEST_COMMANDS).map(|n| command(&format!("c{n}"))).collect::<Vec<_>>()),
        ),
    ] {
        assert!(!world.refuses(&with(good.clone(), field, wrong)).await.is_empty());
    }
    assert_eq!(world.node.commands.claims(), []);
}

#[tokio::test]
async fn a_command_that_makes_no_sense_is_refused_and_its_neighbours_are_taken() {
    let world = World::begins().await;
    let argument = |name: &str, kind: Value| json!({"name": name, "kind": kind});
    let pattern = |pattern: &str| json!([argument("x", json!({"type": "word", "pattern": pattern}))]);
    let good = command("quote");
    let many: Vec<_> = (0..17).map(|n| argument(&format!("a{n}"), json!({"type": "person"}))).collect();
    for wrong in [
        command(""),
        command("Quote"),
        command("help"),
        command("leave"),
        command("quote me"),
        command("../quote"),
        command("quote.v1"),
        command("quote*#"),
        command(&"q".repeat(33)),
        command(&"q".repeat(100_000)),
        with(good.clone(), "summary", json!("two\nlines")),
        with(good.clone(), "summary", json!("\u{1b}[31mred")),
        with(good.clone(), "summary", json!("x".repeat(201))),
        with(good.clone(), "deadline_ms", json!(0)),
        with(good.clone(), "deadline_ms", json!(limits::DEADLINE_MAX_MS + 1)),
        with(good.clone(), "deadline_ms", json!(u64::MAX)),
        with(good.clone(), "arguments", json!(many)),
        with(good.clone(), "arguments", pattern("(")),
        with(good.clone(), "arguments", pattern("(a{1000}){1000}")),
        with(good.clone(), "arguments", pattern(&"(".repeat(10_000))),
        with(good.clone(), "arguments", json!([argument("a\nb", json!({"type": "text"}))])),
        with(good.clone(), "arguments", json!([argument("a", json!({"type": "choice", "values": []}))])),
        with(good.clone(), "arguments", json!([argument("a", json!({"type": "choice", "values": ["\u{1b}"]}))])),
    ] {
        let reply = world.announces(manifest(json!([wrong, command("fine")])).to_string()).await.unwrap();
        let accepted: Vec<_> = reply.accepted.iter().map(|accepted| accepted.command.as_str()).collect();
        assert_eq!((accepted, reply.refused.len()), (vec!["fine"], 1), "{reply:?}");
        // The reply repeats no more of it than needed.
        assert!(reply.refused[0].command.chars().count() <= 64, "{reply:?}");
    }
    let claims = world.node.commands.claims();
    assert!(matches!(&claims[..], [claim] if claim.spec.name == "fine"), "{claims:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_rejected_and_the_command_goes_on_waiting() {
    let world = World::begins().await;
    let id = world.asked().await;
    let good = answer_of(id, message("$1.00")).to_string();
    let deep = answer_of(id, json!({"type": "message", "text": "x", "details": 0})).to_string();
    let deep = deep.replace(":0", &format!(":{}", "[".repeat(100_000)));
    let huge = answer_of(id, message(&"x".repeat(limits::BROKER_BYTES))).to_string();
    let more = with(answer_of(id, message("x")), "room", json!("general")).to_string();
    let unknown = answer_of(id, json!({"type": "shout", "text": "x"})).to_string();
    let twice = good.replacen(r#""bot":"quotes""#, r#""bot":"quotes","bot":"quotes""#, 1);
    let no_id = with(answer_of(id, message("x")), "id", json!("1")).to_string();
    for bad in ["", "null", "[]", "{", "\0", &deep, &huge, &more, &unknown, &twice, &no_id, &good[..good.len() - 1]] {
        assert_eq!(world.answers(bad).await, Verdict::Reject, "{}", &bad[..bad.len().min(60)]);
    }
    assert_eq!(world.outcome(id).await, None);
    assert_eq!(world.answers(good).await, Verdict::Ack);
    assert_eq!(world.texts().await, ["$1.00"]);
}

#[tokio::test]
async fn only_the_bot_that_was_asked_answers_and_only_once_and_in_time() {
    let world = World::begins().await;
    let (id, late) = (world.asked().await, world.asked_until(Timestamp::from_millis(1)).await);
    let foreign = with(answer_of(id, message("from another bot")), "bot", json!("other"));
    let own_name = with(answer_of(id, message("from the chat itself")), "bot", json!(own::BOT));
    for dropped in [
        foreign,
        own_name,
        answer_of(MessageId::new(), message("to nobody")),
        answer_of(late, message("too late")),
        answer_of(late, json!({"type": "answer", "text": "too late"})),
    ] {
        assert_eq!(world.answers(dropped.to_string()).await, Verdict::Ack);
    }
    assert_eq!((world.outcome(id).await, world.outcome(late).await), (None, None));
    for again in ["first", "second", "first"] {
        assert_eq!(world.answers(answer_of(id, message(again)).to_string()).await, Verdict::Ack);
    }
    let error = json!({"type": "error", "code": "command_failed", "message": "third"});
    world.answers(answer_of(id, error).to_string()).await;
    assert_eq!(world.texts().await, ["first"]);
    assert!(matches!(world.outcome(id).await, Some(Outcome::Message { .. })));
}

#[tokio::test]
async fn two_answers_at_once_make_one_outcome() {
    let world = World::begins().await;
    let id = world.asked().await;
    let private = answer_of(id, json!({"type": "answer", "text": "for the asker"})).to_string();
    let public = answer_of(id, message("for the room")).to_string();
    tokio::join!(world.answers(&private), world.answers(&public), world.answers(&public), world.answers(&private));
    let expected: &[&str] = match world.outcome(id).await {
        Some(Outcome::Message { .. }) => &["for the room"],
        Some(Outcome::Answer { .. }) => &[],
        other => panic!("{other:?}"),
    };
    assert_eq!(world.texts().await, expected);
}

#[tokio::test]
async fn what_cannot_be_shown_becomes_an_error_in_the_chats_own_words() {
    let world = World::begins().await;
    let facts = |n: usize| json!(vec![json!({"label": "a", "value": "b"}); n]);
    let detailed = |details: Value| json!({"type": "message", "text": "fine", "details": details});
    for wrong in [
        message(""),
        message(" \n\t\u{3000}"),
        message("a\u{0}b"),
        message("\u{1b}[31mred"),
        message("a\rb"),
        message(&"x".repeat(limits::TEXT_CHARS + 1)),
        message(&"😀".repeat(limits::TEXT_CHARS + 1)),
        json!({"type": "answer", "text": ""}),
        json!({"type": "answer", "text": "a\u{9b}b"}),
        json!({"type": "answer", "text": "x".repeat(limits::TEXT_CHARS + 1)}),
        detailed(json!({"facts": facts(limits::DETAIL_FACTS + 1)})),
        detailed(json!({"source": "two\nlines"})),
        detailed(json!({"as_of": "x".repeat(501)})),
        detailed(json!({"facts": [{"label": "\u{1b}", "value": ""}]})),
        json!({"type": "error", "code": "command_failed", "message": ""}),
        json!({"type": "error", "code": "command_failed", "message": "\n\u{1b} \t"}),
    ] {
        let id = world.asked().await;
        assert_eq!(world.answers(answer_of(id, wrong.clone()).to_string()).await, Verdict::Ack);
        let Some(Outcome::Error { code: ErrorCode::CommandFailed, message }) = world.outcome(id).await else {
            panic!("{wrong}: {:?}", world.outcome(id).await)
        };
        assert_eq!(message, "/quote was answered with something that cannot be shown.", "{wrong}");
    }
    assert_eq!(world.texts().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_bots_error_is_one_line_of_bounded_length_under_one_of_two_codes() {
    let world = World::begins().await;
    for (code, told) in [
        ("command_failed", ErrorCode::CommandFailed),
        ("invalid_arguments", ErrorCode::InvalidArguments),
        ("not_logged_in", ErrorCode::CommandFailed),
        ("rate_limited", ErrorCode::CommandFailed),
        ("forbidden", ErrorCode::CommandFailed),
    ] {
        let id = world.asked().await;
        let words = format!("no\n\u{1b}[31m{}", "x".repeat(10_000));
        world.answers(answer_of(id, json!({"type": "error", "code": code, "message": words})).to_string()).await;
        let Some(Outcome::Error { code, message }) = world.outcome(id).await else { panic!("no error") };
        assert_eq!(code, told);
        assert!(message.starts_with("no[31mxxx") && message.chars().count() == 500, "{message}");
    }
}

#[tokio::test]
async fn progress_is_cut_to_size_and_makes_nobody_too_slow() {
    let world = World::begins().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    stream.writable().await.unwrap();
    socket2::SockRef::from(&stream).set_send_buffer_size(16 * 1024).unwrap();
    let socket = Arc::new(Socket::of(world.anna.id, stream));
    socket.outbox().greet(wire::text("hello"));
    let id = world.asked().await;
    assert!(world.node.commands.wait(id, &socket));

    let progress = |id: MessageId, text: &str| json!({"id": id, "fraction": 1e300, "text": text}).to_string();
    let deep = format!(r#"{{"id":{}"#, "[".repeat(100_000));
    for unheard in ["", "null", "[]", &deep, &progress(MessageId::new(), "of another command")] {
        listen::hand_on(&world.node, unheard.as_bytes());
    }
    let long = progress(id, &format!("\u{1b}[31m\n{}", "x".repeat(10_000)));
    for _ in 0..5_000 {
        listen::hand_on(&world.node, long.as_bytes());
    }
    assert!(!socket.outbox().is_closing());

    let told = ServerFrame::Progress { id, fraction: Fraction::of(1.0), text: format!("[31m{}", "x".repeat(196)) };
    let expected = [wire::text("hello"), wire::text(&told.to_json()), wire::text(&told.to_json())].concat();
    let mut heard = vec![0; expected.len()];
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, expected);
}
