//! Every HTTP call in one table: who may make it, what goes in, what comes out. The OpenAPI document, the page's
//! types and the golden examples follow from it.

use super::{
    Commands, EditRequest, History, Info, LoginAnswer, LoginRequest, Me, Member, NewRoom, PasswordRequest,
    PersonRequest, ReadRequest, Readiness, Room,
};
use crate::{
    auth::Person,
    error::ErrorCode::{self, *},
    limits,
    schema::Shape,
};

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// What the call does, as one name.
    pub name: &'static str,
    pub method: Method,
    /// With `{…}` where an id stands.
    pub path: &'static str,
    pub who: Who,
    pub summary: &'static str,
    pub query: &'static [Parameter],
    pub request: Option<Shape>,
    /// The status of success, and its body.
    pub answer: (u16, Answer),
    /// What is refused beside [`Call::failures`]'s common ones.
    refusals: &'static [(u16, ErrorCode)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// Who may make a call. Everybody else gets 401 without a session, 404 for a room that must not be known of, and
/// 403 else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Anyone,
    /// Whoever has a session.
    Person,
    /// A person who may know of the room: everyone of a public one, members of another.
    Viewer,
    /// A member of the room.
    Member,
    /// A member, about a message of their own.
    Author,
    /// The room's owner; members about themselves.
    OwnerOrOneself,
    /// Whoever asks from loopback or has the token of `PARLOR_METRICS_TOKEN`.
    Operator,
}

/// What an answer holds.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Nothing,
    Json(Shape),
    /// Plain text of this media type.
    Text(&'static str),
}

/// A whole number in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub summary: &'static str,
    pub minimum: u64,
    pub maximum: u64,
}

impl Method {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
    /// Whether the call can change something, so that its `Origin` counts.
    #[must_use]
    pub const fn changes_state(self) -> bool {
        !matches!(self, Self::Get)
    }
}

impl Who {
    /// The word in the published document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Person => "person",
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Author => "author",
            Self::OwnerOrOneself => "owner or oneself",
            Self::Operator => "operator",
        }
    }
    #[must_use]
    pub const fn needs_session(self) -> bool {
        !matches!(self, Self::Anyone | Self::Operator)
    }
}

impl Call {
    const fn new(method: Method, path: &'static str, name: &'static str, who: Who, summary: &'static str) -> Self {
        Self {
            name,
            method,
            path,
            who,
            summary,
            query: &[],
            request: None,
            answer: (204, Answer::Nothing),
            refusals: &[],
        }
    }
    const fn takes(self, request: Shape) -> Self {
        Self { request: Some(request), ..self }
    }
    const fn asks(self, query: &'static [Parameter]) -> Self {
        Self { query, ..self }
    }
    const fn answers(self, status: u16, body: Shape) -> Self {
        Self { answer: (status, Answer::Json(body)), ..self }
    }
    const fn answers_text(self, media_type: &'static str) -> Self {
        Self { answer: (200, Answer::Text(media_type)), ..self }
    }
    const fn refuses(self, refusals: &'static [(u16, ErrorCode)]) -> Self {
        Self { refusals, ..self }
    }

    /// Every status and code that this call can fail with, its own first.
    #[must_use]
    pub fn failures(&self) -> Vec<(u16, ErrorCode)> {
        let mut failures = self.refusals.to_vec();
        let mut common = |applies: bool, codes: &[ErrorCode]| {
            failures.extend(codes.iter().filter(|_| applies).map(|code| (code.status(), *code)));
        };
        common(self.who.needs_session(), &[NotLoggedIn]);
        common(matches!(self.who, Who::Viewer | Who::Member | Who::Author | Who::OwnerOrOneself), &[UnknownRoom]);
        common(matches!(self.who, Who::Member | Who::Author | Who::OwnerOrOneself), &[Forbidden]);
        common(self.request.is_some(), &[InvalidRequest, TooLarge, UnsupportedMediaType]);
        common(self.method.changes_state(), &[WrongOrigin]);
        common(true, &[WrongHost]);
        common(self.path.starts_with("/api/"), &[Internal, Unavailable]);
        if self.request.is_some() {
            failures.push((422, InvalidRequest)); // JSON, but not what the call takes
        }
        failures
    }
}

const HISTORY_QUERY: &[Parameter] = &[
    Parameter {
        name: "limit",
        summary: "How many at most; 50 if absent.",
        minimum: 1,
        maximum: limits::HISTORY_MAX as u64,
    },
    Parameter {
        name: "before",
        summary: "The newest with a smaller `seq`. Not together with `after`.",
        minimum: 0,
        maximum: limits::SEQ_MAX,
    },
    Parameter {
        name: "after",
        summary: "The oldest with a greater `seq`. Not together with `before`.",
        minimum: 0,
        maximum: limits::SEQ_MAX,
    },
];

/// Every call that is open to browsers, clients and operators. `GET /ws` is in the socket's own document.
#[rustfmt::skip]
pub const CALLS: &[Call] = {
    use Method::{Delete, Get, Patch, Post, Put};
    use Who::{Anyone, Author, Member as InRoom, Operator, OwnerOrOneself, Person as AnyPerson, Viewer};
    &[
        Call::new(Get, "/api/info", "info", Anyone, "What a page needs before anybody has logged in")
            .answers(200, Shape::of::<Info>()),
        Call::new(Post, "/api/auth/login", "log_in", Anyone, "Log in, by cookie or for a token")
            .takes(Shape::of::<LoginRequest>())
            .answers(200, Shape::of::<LoginAnswer>())
            .refuses(&[(401, InvalidCredentials), (429, RateLimited)]),
        Call::new(Post, "/api/auth/logout", "log_out", AnyPerson, "End this session, everywhere and at once"),
        Call::new(Get, "/api/auth/me", "me", AnyPerson, "Who one is")
            .answers(200, Shape::of::<Me>()),
        Call::new(Post, "/api/auth/password", "change_password", AnyPerson, "Change one's password; one's other sessions end")
            .takes(Shape::of::<PasswordRequest>())
            .refuses(&[(403, InvalidCredentials), (422, InvalidPassword), (429, RateLimited)]),
        Call::new(Get, "/api/users", "list_people", AnyPerson, "Everyone with an account; bots are not in it")
            .answers(200, Shape::of::<Vec<Person>>()),
        Call::new(Get, "/api/rooms", "list_rooms", AnyPerson, "The public rooms, and those one is a member of")
            .answers(200, Shape::of::<Vec<Room>>()),
        Call::new(Post, "/api/rooms", "create_room", AnyPerson, "Create a room; one becomes its owner")
            .takes(Shape::of::<NewRoom>())
            .answers(201, Shape::of::<Room>())
            .refuses(&[(409, RoomExists), (422, InvalidRoomName)]),
        Call::new(Post, "/api/rooms/{id}/join", "join_room", Viewer, "Become a member of a public room; the second time too"),
        Call::new(Post, "/api/rooms/{id}/leave", "leave_room", Viewer, "Stop being a member; the second time too")
            .refuses(&[(403, Forbidden)]),
        Call::new(Get, "/api/rooms/{id}/members", "list_members", InRoom, "Who is in the room")
            .answers(200, Shape::of::<Vec<Member>>()),
        Call::new(Post, "/api/rooms/{id}/members", "invite", InRoom, "Make somebody a member; the second time too")
            .takes(Shape::of::<PersonRequest>())
            .refuses(&[(404, UnknownPerson)]),
        Call::new(Delete, "/api/rooms/{id}/members/{user_id}", "remove_member", OwnerOrOneself, "End a membership")
            .refuses(&[(404, UnknownPerson)]),
        Call::new(Post, "/api/direct", "open_direct", AnyPerson, "The room of oneself and one other: the same each time, for both")
            .takes(Shape::of::<PersonRequest>())
            .answers(200, Shape::of::<Room>())
            .refuses(&[(404, UnknownPerson)]),
        Call::new(Get, "/api/rooms/{id}/messages", "history", InRoom, "A page of messages in their present state, ascending")
            .asks(HISTORY_QUERY)
            .answers(200, Shape::of::<History>())
            .refuses(&[(400, InvalidRequest), (422, InvalidRequest)]),
        Call::new(Patch, "/api/rooms/{id}/messages/{message_id}", "edit_message", Author, "Edit one's own message")
            .takes(Shape::of::<EditRequest>())
            .refuses(&[(404, UnknownMessage), (409, MessageDeleted)]),
        Call::new(Delete, "/api/rooms/{id}/messages/{message_id}", "delete_message", Author, "Delete one's own message")
            .refuses(&[(404, UnknownMessage)]),
        Call::new(Put, "/api/rooms/{id}/read", "mark_read", InRoom, "How far one has read; never goes back")
            .takes(Shape::of::<ReadRequest>()),
        Call::new(Get, "/api/commands", "list_commands", AnyPerson, "The commands that can be given now")
            .answers(200, Shape::of::<Commands>()),
        Call::new(Get, "/healthz", "healthz", Anyone, "Alive")
            .answers_text("text/plain"),
        Call::new(Get, "/readyz", "readyz", Anyone, "Ready to take traffic, perhaps without some part; 503 with the same body if not")
            .answers(200, Shape::beyond_the_page::<Readiness>()),
        Call::new(Get, "/metrics", "metrics", Operator, "Figures for Prometheus")
            .answers_text("text/plain")
            .refuses(&[(401, NotLoggedIn)]),
    ]
};
