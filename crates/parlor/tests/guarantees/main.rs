//! What Parlor promises, shown from the outside: the real program, over HTTP and its sockets, by the published protocol
//! alone. One file a guarantee.

#![allow(clippy::unwrap_used, reason = "whatever is missing ends the test")]

mod accounts;
mod author_from_the_session;
mod authorisation_matrix;
mod commands;
mod direct_rooms;
mod exactly_once;
mod faults_of_the_original;
mod graceful_stop;
mod headers;
mod history;
mod limits;
mod logs;
mod members_only;
mod no_caps;
mod origin_and_host;
mod own_commands;
mod own_messages;
mod phones_nobody;
mod probes;
mod restart;
mod resume;
mod rooms;
mod sessions;
mod socket_needs_login;
mod stock;
mod strict_requests;
mod unread;
