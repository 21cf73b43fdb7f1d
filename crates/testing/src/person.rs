//! Somebody who is logged in, and what such a person does over HTTP.

use std::sync::Once;

use parlor_protocol::{
    auth,
    http::{Commands, History, Me, Member, Room},
    socket::Message,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{client::IntoClientRequest, handshake::client::Request};

use crate::{Answer, Tab, eventually};

/// A person with a session. Two logins of one person are two of these.
#[derive(Debug, Clone)]
pub struct Person {
    pub account: auth::Person,
    /// The session's bearer token.
    pub token: String,
    port: u16,
    client: Client,
}

/// A client that asks nobody but the server, and follows no redirects.
pub(crate) fn http_client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error would say that another part of this process has done it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let builder = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("an HTTP client")
}

pub(crate) async fn call(
    client: &Client,
    method: Method,
    url: &str,
    body: Option<&Value>,
    token: Option<&str>,
) -> Answer {
    let mut request = client.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    Answer::of(request).await
}

impl Person {
    pub(crate) fn new(port: u16, account: auth::Person, token: String) -> Self {
        Self { account, token, port, client: http_client() }
    }

    #[must_use]
    pub fn id(&self) -> String {
        self.account.id.to_string()
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
    /// Any call, as this person.
    pub async fn calls(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        call(&self.client, method, &self.url(path), body.as_ref(), Some(&self.token)).await
    }
    pub async fn gets(&self, path: &str) -> Answer {
        self.calls(Method::GET, path, None).await
    }
    pub async fn posts(&self, path: &str, body: Value) -> Answer {
        self.calls(Method::POST, path, Some(body)).await
    }

    /// Who the server says this is.
    pub async fn asks_who_they_are(&self) -> Answer {
        self.gets("/api/auth/me").await
    }
    /// Whether the session still holds.
    pub async fn is_logged_in(&self) -> bool {
        let answer = self.asks_who_they_are().await;
        if answer.status == 200 {
            return answer.json::<Me>().user == self.account;
        }
        answer.refuses(401, "not_logged_in");
        false
    }
    pub async fn logs_out(&self) {
        self.calls(Method::POST, "/api/auth/logout", None).await.expect(204);
    }

    /// The rooms that this person sees.
    pub async fn rooms(&self) -> Vec<Room> {
        self.gets("/api/rooms").await.expect(200).json()
    }
    /// The room of this name.
    ///
    /// # Panics
    /// If this person sees none.
    pub async fn room(&self, name: &str) -> Room {
        let rooms = self.rooms().await;
        match rooms.iter().find(|room| room.name == name) {
            Some(room) => room.clone(),
            None => panic!("there is no {name} among {rooms:?}"),
        }
    }
    /// Creates a `public` or `private` room.
    pub async fn creates_room(&self, name: &str, kind: &str) -> Room {
        self.posts("/api/rooms", json!({"name": name, "kind": kind})).await.expect(201).json()
    }
    pub async fn joins(&self, room: &Room) {
        self.calls(Method::POST, &format!("/api/rooms/{}/join", room.id), None).await.expect(204);
    }
    pub async fn leaves(&self, room: &Room) {
        self.calls(Method::POST, &format!("/api/rooms/{}/leave", room.id), None).await.expect(204);
    }
    pub async fn invites(&self, other: &Self, room: &Room) {
        let path = format!("/api/rooms/{}/members", room.id);
        self.posts(&path, json!({"user_id": other.id()})).await.expect(204);
    }
    pub async fn removes(&self, other: &Self, room: &Room) {
        let path = format!("/api/rooms/{}/members/{}", room.id, other.id());
        self.calls(Method::DELETE, &path, None).await.expect(204);
    }
    pub async fn members_of(&self, room: &Room) -> Vec<Member> {
        self.gets(&format!("/api/rooms/{}/members", room.id)).await.expect(200).json()
    }
    /// The room of the two.
    pub async fn opens_direct_with(&self, other: &Self) -> Room {
        self.posts("/api/direct", json!({"user_id": other.id()})).await.expect(200).json()
    }

    /// A page of history, e.g. with `limit=50&before=7`.
    pub async fn asks_history(&self, room: &Room, query: &str) -> Answer {
        self.gets(&format!("/api/rooms/{}/messages?{query}", room.id)).await
    }
    pub async fn history(&self, room: &Room, query: &str) -> History {
        self.asks_history(room, query).await.expect(200).json()
    }
    /// The latest messages' texts.
    pub async fn reads(&self, room: &Room) -> Vec<String> {
        self.history(room, "limit=200").await.messages.into_iter().map(|message| message.text).collect()
    }
    pub async fn edits(&self, message: &Message, text: &str) -> Answer {
        self.calls(Method::PATCH, &path_of(message), Some(json!({"text": text}))).await
    }
    pub async fn deletes(&self, message: &Message) -> Answer {
        self.calls(Method::DELETE, &path_of(message), None).await
    }
    pub async fn has_read(&self, room: &Room, seq: u64) {
        let path = format!("/api/rooms/{}/read", room.id);
        self.calls(Method::PUT, &path, Some(json!({"seq": seq}))).await.expect(204);
    }

    /// Waits until a command can be given: a bot's comes a moment after the server is ready.
    pub async fn can_use(&self, command: &str) {
        eventually(&format!("command /{command}"), async || {
            let known: Commands = self.gets("/api/commands").await.expect(200).json();
            known.commands.iter().any(|known| known.name == command).then_some(())
        })
        .await;
    }

    /// Opens a socket and awaits `hello`.
    pub async fn connects(&self) -> Tab {
        Tab::opens(self.upgrade()).await
    }
    /// The request that opens this person's socket.
    ///
    /// # Panics
    /// Never: the token is plain text.
    #[must_use]
    pub fn upgrade(&self) -> Request {
        let mut request = upgrade(self.port);
        let bearer = format!("Bearer {}", self.token).parse().expect("a token is plain text");
        request.headers_mut().insert("authorization", bearer);
        request
    }
}

fn path_of(message: &Message) -> String {
    format!("/api/rooms/{}/messages/{}", message.room, message.id)
}

/// The request that opens a socket, by nobody.
///
/// # Panics
/// Never: the address is well formed.
#[must_use]
pub fn upgrade(port: u16) -> Request {
    format!("ws://127.0.0.1:{port}/ws").into_client_request().expect("an address")
}
