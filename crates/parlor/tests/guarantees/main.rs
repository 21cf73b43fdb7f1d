//! What Parlor promises, shown from the outside: the real program, over HTTP and its sockets, by the published protocol
//! alone. One file a guarantee.

#![allow(clippy::unwrap_used, reason = "whatever is missing ends the test")]

mod accounts;
mod author_from_the_session;
mod authorisation_matrix;
mod commands;
mod direct_rooms;
mod equal_logins;
mod every_call_is_strict;
mod exactly_once;
mod faults_of_the_original;
mod forged_logs;
mod graceful_stop;
mod half_open;
mod headers;
mod history;
mod hostile_frames;
mod hostile_http;
mod limits;
mod logs;
mod members_only;
mod names_that_deceive;
mod no_caps;
mod origin_and_host;
mod own_commands;
mod own_messages;
mod phones_nobody;
mod probes;
mod restart;
mod resume;
mod resume_floods;
mod rooms;
mod sessions;
mod slow_reader;
mod socket_needs_login;
mod stock;
mod strict_requests;
mod tampered_sessions;
mod too_many_sockets;
mod unread;
