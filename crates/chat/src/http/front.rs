//! The front of the one origin: `/api/auth/*` and `/api/users` go to auth, nothing else does. While auth is out of reach,
//! the chat says itself who somebody is and who else there is, as far as auth has told it.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Method},
    response::{IntoResponse as _, Response},
};
use parlor_edge::{CLIENT_HEADER, Caller, INTERNAL_KEY_HEADER, Json, Problem, json};
use parlor_protocol::{
    error::{ErrorCode, Refusal},
    http::Me,
};

use crate::{node::Node, who::Who};

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
    let known = Known::asked(&request).map(|known| (known, request.headers().clone()));
    let headers = request.headers_mut();
    headers.insert(INTERNAL_KEY_HEADER, node.config.keys.internal_header());
    if let Ok(address) = HeaderValue::try_from(caller.address.to_string()) {
        headers.insert(CLIENT_HEADER, address);
    }
    let (parts, body) = request.into_parts();
    let body = json::whole(&parts.headers, body).await?;
    let request = Request::from_parts(parts, body.into());
    let answer = match node.people.auth().call(request).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%error, "a request could not be handed to auth");
            return match known {
                Some((known, headers)) => Ok(known.answer(&node, Who::of(&node, &headers).await?)),
                None => Err(out_of_reach().into()),
            };
        }
    };
    if changes && answer.status().is_success() {
        // A logout or a changed password has ended sessions: their sockets here close before the answer is out.
        node.people.catch_up(&node).await;
    }
    Ok(answer)
}

/// What of auth's the chat knows too.
#[derive(Debug, Clone, Copy)]
enum Known {
    Me,
    Users,
}

impl Known {
    fn asked(request: &Request) -> Option<Self> {
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/api/auth/me") => Some(Self::Me),
            (&Method::GET, "/api/users") => Some(Self::Users),
            _ => None,
        }
    }

    fn answer(self, node: &Node, who: Who) -> Response<Body> {
        match self {
            Self::Me => Json(Me { user: who.person().clone() }).into_response(),
            Self::Users => Json(node.people.all_active()).into_response(),
        }
    }
}

fn out_of_reach() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "Accounts are out of reach right now. Try again.")
        .retry_after(Duration::from_secs(2))
}
