//! Every call and every frame, by a stranger, one who is no member, a member, the owner, and one who was removed. The
//! calls come from the published table: a new one without a case here fails.

use parlor_protocol::{
    http::{
        Room,
        calls::{CALLS, Call, Method as Verb, Who},
    },
    ids::{MessageId, Seq},
    socket::{ClientFrame, Message, ServerFrame},
};
use parlor_testing::{Answer, Parlor, Person, Setup};
use reqwest::Method;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Stranger,
    Outsider,
    Member,
    Owner,
    Removed,
}

const ROLES: [Role; 5] = [Role::Stranger, Role::Outsider, Role::Member, Role::Owner, Role::Removed];

impl Role {
    fn is_in(self) -> bool {
        matches!(self, Self::Member | Self::Owner)
    }
}

/// People by their role, and rooms made for each attempt, so that none is changed by the one before.
struct World {
    parlor: Parlor,
    owner: Person,
    member: Person,
    outsider: Person,
    removed: Person,
    /// A member that nobody is, to be removed and invited.
    other: Person,
    rooms: u32,
}

impl World {
    async fn begins() -> Self {
        let settings = Setup::demo().argument("--demo-people").argument("2").set("PARLOR_MESSAGE_RATE", "0");
        let parlor = settings.starts().await;
        Self {
            owner: parlor.log_in("carlos").await,
            member: parlor.log_in("john").await,
            outsider: parlor.log_in("gerard").await,
            removed: parlor.log_in("demo0001").await,
            other: parlor.log_in("demo0002").await,
            rooms: 0,
            parlor,
        }
    }

    fn person(&self, role: Role) -> Option<&Person> {
        match role {
            Role::Stranger => None,
            Role::Outsider => Some(&self.outsider),
            Role::Member => Some(&self.member),
            Role::Owner => Some(&self.owner),
            Role::Removed => Some(&self.removed),
        }
    }

    /// A room with its owner, its member and the other, one who was removed, and a message of the member's.
    async fn room(&mut self, kind: &str) -> (Room, Message) {
        self.rooms += 1;
        let room = self.owner.creates_room(&format!("{kind} {}", self.rooms), kind).await;
        for person in [&self.member, &self.removed, &self.other] {
            self.owner.invites(person, &room).await;
        }
        self.owner.removes(&self.removed, &room).await;
        let mut tab = self.member.connects().await;
        tab.says("the member's").in_room(&room).await;
        let message = tab.hears_message("the member's").await;
        (room, message)
    }
}

/// A call's body, and the code with which even those who may make it are refused here.
fn body(call: &Call, world: &World) -> (Option<Value>, Option<&'static str>) {
    let body = match call.name {
        "info" | "me" | "log_out" | "list_people" | "list_rooms" | "list_members" | "history" | "list_commands" => None,
        "healthz" | "readyz" | "metrics" | "join_room" | "leave_room" | "remove_member" | "delete_message" => None,
        "log_in" => Some(json!({"username": "carlos", "password": "1234"})),
        "create_room" => Some(json!({"name": MessageId::new(), "kind": "public"})),
        "invite" | "open_direct" => Some(json!({"user_id": world.other.id()})),
        "edit_message" => Some(json!({"text": "edited"})),
        "mark_read" => Some(json!({"seq": 1})),
        // Refused for another reason, and only after it is known who asks.
        "change_password" => {
            return (Some(json!({"old": "wrong", "new": "a good password"})), Some("invalid_credentials"));
        }
        new => panic!("the call {new} needs a case here"),
    };
    (body, None)
}

/// The code of the refusal, or none for who may.
fn expected(call: &Call, role: Role, kind: &str) -> Option<&'static str> {
    let stays_out = if kind == "public" { "forbidden" } else { "unknown_room" };
    if role == Role::Stranger {
        return call.who.needs_session().then_some("not_logged_in");
    }
    match call.who {
        Who::Anyone | Who::Person | Who::Operator => None,
        Who::Viewer => (kind == "private" && !role.is_in()).then_some("unknown_room"),
        Who::Member => (!role.is_in()).then_some(stays_out),
        Who::Author => match role {
            Role::Member => None,
            Role::Owner => Some("forbidden"),
            _ => Some(stays_out),
        },
        Who::OwnerOrOneself => match role {
            Role::Owner => None,
            Role::Member => Some("forbidden"),
            _ => Some(stays_out),
        },
    }
}

async fn attempt(
    world: &World,
    call: &Call,
    role: Role,
    room: &Room,
    message: &Message,
) -> (Answer, Option<&'static str>) {
    let path = call.path.replace("{id}", &room.id.to_string());
    let path = path.replace("{message_id}", &message.id.to_string()).replace("{user_id}", &world.other.id());
    let method = match call.method {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    };
    let (body, refusal) = body(call, world);
    let mut request = world.parlor.request(method, &path);
    if let Some(person) = world.person(role) {
        // A login of its own, so that a logout ends nobody else's.
        let login = world.parlor.log_in(person.account.username.as_str()).await;
        request = request.bearer_auth(&login.token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    (Answer::of(request).await, refusal)
}

#[tokio::test]
async fn every_call_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let mut world = World::begins().await;
    let mut wrong = Vec::new();
    let mut attempts = 0;
    for call in CALLS {
        let kinds: &[&str] = if call.path.contains("{id}") { &["public", "private"] } else { &["public"] };
        for kind in kinds {
            for role in ROLES {
                let (room, message) = world.room(kind).await;
                let (answer, otherwise) = attempt(&world, call, role, &room, &message).await;
                let expected = expected(call, role, kind).or(otherwise);
                let code = (answer.status >= 400).then(|| answer.problem().code.as_str());
                let success = if expected.is_none() { answer.status == call.answer.0 } else { true };
                let listed = code.is_none_or(|code| {
                    call.failures().iter().any(|(status, of)| *status == answer.status && of.as_str() == code)
                });
                if code != expected || !success || !listed {
                    wrong.push(format!("{} {kind} {role:?}: {} {code:?}, not {expected:?}", call.name, answer.status));
                }
                attempts += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "of {attempts}: {wrong:#?}");
    assert!(attempts > 150, "{attempts}");
}

/// A frame about the room, and what its sender hears if it is taken.
fn frames(room: &Room) -> Vec<(ClientFrame, &'static str)> {
    let (id, room) = (MessageId::new(), room.id.to_string());
    let text = |text: &str| parlor_protocol::text::Text::parse(text.to_owned()).unwrap();
    let frames = vec![
        ClientFrame::Message { id, room: room.clone(), text: text("hi") },
        ClientFrame::Command { id: MessageId::new(), room: room.clone(), text: text("/help") },
        ClientFrame::Resume { rooms: [(room, Seq(1))].into() },
    ];
    // A new kind of frame does not compile without a case here.
    let taken = |frame: &ClientFrame| match frame {
        ClientFrame::Message { .. } => "ack",
        ClientFrame::Command { .. } => "accepted",
        ClientFrame::Resume { .. } => "resumed",
    };
    frames.into_iter().map(|frame| (frame.clone(), taken(&frame))).collect()
}

#[tokio::test]
async fn every_frame_is_open_to_members_and_to_nobody_else() {
    let mut world = World::begins().await;
    assert_eq!(world.parlor.opens_socket(&[]).await.unwrap_err(), 401, "a stranger has no socket");
    for kind in ["public", "private"] {
        for role in ROLES {
            let (room, _) = world.room(kind).await;
            let Some(person) = world.person(role) else { continue };
            let mut tab = person.connects().await;
            for (frame, taken) in frames(&room) {
                let is_resume = matches!(frame, ClientFrame::Resume { .. });
                tab.sends_json(serde_json::to_value(&frame).unwrap()).await;
                let heard = tab.hears("answer", |frame| match frame {
                    ServerFrame::Ack { .. } => Some("ack"),
                    ServerFrame::Accepted { .. } => Some("accepted"),
                    ServerFrame::Resumed { .. } => Some("resumed"),
                    ServerFrame::RoomGone { room: gone } if *gone == room.id.to_string() => Some("room_gone"),
                    ServerFrame::Error { code, .. } => Some(code.as_str()),
                    _ => None,
                });
                let expected = match (role.is_in(), is_resume, kind) {
                    (true, ..) => taken,
                    (false, true, _) => "room_gone",
                    (false, false, "public") => "forbidden",
                    (false, false, _) => "unknown_room",
                };
                assert_eq!(heard.await, expected, "{kind} {role:?} {frame:?}");
            }
        }
    }
}
