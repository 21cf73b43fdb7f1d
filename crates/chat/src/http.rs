//! The HTTP calls of the chat: one file a thing, each handler of one shape: permit, do, answer.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    routing::{any, get, patch, post, put},
};
use parlor_edge::fallback::{unknown_path, wrong_method};
use parlor_protocol::{PROTOCOL, demo, http::Info, names::Username};

use crate::{node::Node, socket::upgrade};

mod commands;
mod direct;
mod front;
mod history;
mod members;
mod messages;
mod rooms;
pub(crate) mod view;

pub fn router(node: Arc<Node>) -> Router {
    let router = Router::new()
        .route("/api/info", get(info))
        .route("/api/rooms", get(rooms::list).post(rooms::create))
        .route("/api/rooms/{id}/join", post(rooms::join))
        .route("/api/rooms/{id}/leave", post(rooms::leave))
        .route("/api/rooms/{id}/members", get(members::list).post(members::add))
        .route("/api/rooms/{id}/members/{user_id}", axum::routing::delete(members::remove))
        .route("/api/rooms/{id}/messages", get(history::page))
        .route("/api/rooms/{id}/messages/{message_id}", patch(messages::edit).delete(messages::delete))
        .route("/api/rooms/{id}/read", put(rooms::read))
        .route("/api/direct", post(direct::open))
        .route("/api/commands", get(commands::list))
        .route("/api/auth/{*rest}", any(front::pass_on))
        .route("/api/users", any(front::pass_on))
        .route("/api", any(unknown_path))
        .route("/api/", any(unknown_path))
        .route("/api/{*rest}", any(unknown_path))
        .route("/ws", get(upgrade::upgrade));
    router.method_not_allowed_fallback(wrong_method).with_state(node)
}

/// What a page needs before anybody has logged in.
async fn info(State(node): State<Arc<Node>>) -> Json<Info> {
    let demo = node.config.demo.is_some();
    let people = demo::NAMES.iter().filter_map(|name| Username::parse(name).ok());
    Json(Info {
        name: "Parlor".to_owned(),
        protocol: PROTOCOL,
        demo,
        demo_people: if demo { people.collect() } else { Vec::new() },
    })
}
