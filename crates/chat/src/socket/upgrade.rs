//! `GET /ws`: from an HTTP request with a session to a bare socket.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use hyper::upgrade::OnUpgrade;
use parlor_edge::{Problem, bare};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    socket::CloseCode,
};
use tungstenite::handshake::derive_accept_key;

use super::{Socket, life};
use crate::{node::Node, who::Who};

/// Bytes the kernel may hold for a client that does not read. The rest waits in the outbox, where it is bounded.
const SEND_BUFFER: usize = 128 * 1024;

pub async fn upgrade(State(node): State<Arc<Node>>, who: Who, mut request: Request) -> Result<Response, Problem> {
    node.config.site.check_origin(request.headers())?;
    let key = handshake_key(request.headers())?;
    if node.connections.stop_reading.is_cancelled() {
        return Err(Refusal::new(ErrorCode::Unavailable, "The chat is stopping.").into());
    }
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| Refusal::new(ErrorCode::InvalidRequest, "Sec-WebSocket-Key is not valid."))?;
    let on_upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| Refusal::new(ErrorCode::InvalidRequest, "This connection cannot be upgraded."))?;
    let task = connection(Arc::clone(&node), who, on_upgrade);
    node.connections.tasks.spawn(task);
    let headers = [
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response();
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// What RFC 6455, section 4.2.1 asks of a client.
fn handshake_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let lists = |name: header::HeaderName, word: &str| {
        let values = headers.get_all(name);
        values
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
    };
    if !lists(header::CONNECTION, "upgrade") || !lists(header::UPGRADE, "websocket") {
        let refusal = Refusal::new(ErrorCode::InvalidRequest, "This path speaks the websocket protocol.");
        return Err(refusal.with_status(426));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let refusal = Refusal::new(ErrorCode::InvalidRequest, "The websocket's version must be 13.");
        return Err(refusal.with_status(426));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    let key = key.filter(|key| key.len() == 24 && key.ends_with("=="));
    key.map(str::to_owned)
        .ok_or_else(|| Refusal::new(ErrorCode::InvalidRequest, "Sec-WebSocket-Key is missing or not valid."))
}

async fn connection(node: Arc<Node>, who: Who, on_upgrade: OnUpgrade) {
    // The client may be gone before it is told.
    let Ok(upgraded) = on_upgrade.await else { return };
    let Some((stream, read_ahead)) = bare(upgraded) else {
        return tracing::error!("an upgraded connection is no TCP stream");
    };
    let options = socket2::SockRef::from(&stream);
    if let Err(error) = options.set_send_buffer_size(SEND_BUFFER) {
        tracing::debug!(%error, "a socket keeps its send buffer");
    }
    let socket = Arc::new(Socket::new(&who, stream));
    if node.hub.arrive(&socket, node.config.sockets_per_person) {
        life::live(&node, &who, &socket, &read_ahead).await;
        node.hub.depart(&socket);
    } else {
        socket.outbox().close(CloseCode::TooManyConnections);
        life::finish(&socket).await;
    }
}
