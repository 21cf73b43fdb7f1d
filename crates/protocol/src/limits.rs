//! Every number that bounds an input, in one place.

/// Unicode scalar values in one message or command line.
pub const TEXT_CHARS: usize = 8_000;
/// Bytes of UTF-8 in one message or command line.
pub const TEXT_BYTES: usize = 32_000;
/// Bytes of one websocket message that is still read; above it the answer is `too_large`.
pub const FRAME_BYTES: usize = 128 * 1024;
/// Bytes of one websocket message at which the socket is closed with 1009.
pub const FRAME_CLOSE_BYTES: usize = 1024 * 1024;
/// How deep objects and arrays of a JSON input may be nested.
pub const JSON_DEPTH: usize = 16;
/// Bytes of an HTTP request's body.
pub const BODY_BYTES: usize = 128 * 1024;
/// Rooms in one `resume` frame.
pub const RESUME_ROOMS: usize = 500;
/// Entries that a `resume` replays at most; further behind, the answer is `reset`.
pub const RESUME_ENTRIES: u64 = 1_000;
/// Messages on one page of history.
pub const HISTORY_MAX: u32 = 200;
/// Messages on a page of history when the caller names no limit.
pub const HISTORY_DEFAULT: u32 = 50;
/// Unicode scalar values in a room's or a person's name.
pub const NAME_CHARS: usize = 80;
/// Unicode scalar values in a room's topic.
pub const TOPIC_CHARS: usize = 250;
/// The largest integer that JSON readers everywhere hold exactly (2^53 - 1).
pub const SEQ_MAX: u64 = (1 << 53) - 1;
/// Characters of a request's `id` that are echoed when it is no UUID.
pub const ECHOED_ID_CHARS: usize = 1_024;
/// Characters of what a client wrote that are shown again in an error's text.
pub const QUOTED_CHARS: usize = 64;
/// Bytes of a password.
pub const PASSWORD_BYTES: usize = 1_024;
/// Characters a newly chosen password has at least.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Characters of a username.
pub const USERNAME_CHARS: usize = 32;

/// Bytes of one message on the broker, whoever sends it.
pub const BROKER_BYTES: usize = 256 * 1024;
/// Commands in one bot's manifest.
pub const MANIFEST_COMMANDS: usize = 100;
/// Arguments of one command.
pub const COMMAND_ARGUMENTS: usize = 16;
/// Characters of the pattern that an argument's words must match.
pub const PATTERN_CHARS: usize = 256;
/// Unicode scalar values of a summary in a manifest.
pub const SUMMARY_CHARS: usize = 200;
/// The longest deadline a manifest may ask for, in milliseconds (15 minutes: RabbitMQ closes a
/// channel that holds a delivery for 30).
pub const DEADLINE_MAX_MS: u64 = 15 * 60 * 1_000;
/// Facts in an answer's details.
pub const DETAIL_FACTS: usize = 20;
