//! `GET /api/users`: the people there are.

use std::sync::Arc;

use axum::extract::State;
use parlor_edge::{Json, Problem};
use parlor_protocol::auth::Person;

use super::store_failed;
use crate::{Service, session::LoggedIn};

pub(super) async fn users(State(service): State<Arc<Service>>, _: LoggedIn) -> Result<Json<Vec<Person>>, Problem> {
    service.store.people().await.map(Json).map_err(store_failed)
}
