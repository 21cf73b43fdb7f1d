//! The front of the one origin: `/api/auth/*` and `/api/users` go to auth, nothing else does.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method},
    response::Response,
};
use parlor_edge::{CLIENT_HEADER, Caller, INTERNAL_KEY_HEADER, Problem};
use parlor_protocol::error::{ErrorCode, Refusal};

use crate::node::Node;

pub async fn pass_on(
    State(node): State<Arc<Node>>,
    caller: Caller,
    mut request: Request,
) -> Result<Response<Body>, Problem> {
    // A path that climbs could reach what is auth's own business.
    let path = request.uri().path().to_ascii_lowercase();
    if ["..", "//", "\\", "%2e", "%2f", "%5c"].iter().any(|climbing| path.contains(climbing)) {
        return Err(Refusal::new(ErrorCode::NotFound, "There is nothing here.").into());
    }
    let changes = request.method() != Method::GET;
    let headers = request.headers_mut();
    headers.insert(INTERNAL_KEY_HEADER, node.config.keys.internal_header());
    if let Ok(address) = HeaderValue::try_from(caller.address.to_string()) {
        headers.insert(CLIENT_HEADER, address);
    }
    let answer = node.people.auth().call(request).await.map_err(|error| {
        tracing::warn!(%error, "a request could not be handed to auth");
        Refusal::new(ErrorCode::Unavailable, "Accounts are out of reach right now. Try again.")
            .retry_after(std::time::Duration::from_secs(2))
    })?;
    if changes && answer.status().is_success() {
        // A logout or a changed password has ended sessions: their sockets here close before the answer is out.
        node.people.catch_up(&node).await;
    }
    Ok(answer)
}
