//! The HTTP calls of the chat: one file a thing, each handler of one shape: permit, do, answer.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    routing::{any, get, patch, post, put},
};
use parlor_edge::fallback::with_fallbacks;
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
    let api = Router::new()
        .route("/info", get(info))
        .route("/rooms", get(rooms::list).post(rooms::create))
        .route("/rooms/{id}/join", post(rooms::join))
        .route("/rooms/{id}/leave", post(rooms::leave))
        .route("/rooms/{id}/members", get(members::list).post(members::add))
        .route("/rooms/{id}/members/{user_id}", axum::routing::delete(members::remove))
        .route("/rooms/{id}/messages", get(history::page))
        .route("/rooms/{id}/messages/{message_id}", patch(messages::edit).delete(messages::delete))
        .route("/rooms/{id}/read", put(rooms::read))
        .route("/direct", post(direct::open))
        .route("/commands", get(commands::list))
        .route("/auth/{*rest}", any(front::pass_on))
        .route("/users", any(front::pass_on));
    Router::new().nest("/api", with_fallbacks(api)).route("/ws", get(upgrade::upgrade)).with_state(node)
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
