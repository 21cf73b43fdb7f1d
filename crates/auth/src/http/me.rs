//! `GET /api/auth/me`: who one is.

use parlor_edge::Json;
use parlor_protocol::http::Me;

use crate::session::LoggedIn;

pub(super) async fn me(LoggedIn { person, .. }: LoggedIn) -> Json<Me> {
    Json(Me { user: person })
}
