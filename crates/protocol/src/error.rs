//! The stable error codes, and the one mapping of each to HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a request was refused. The same words over HTTP, on the socket and from bots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    InvalidRequest,
    InvalidCredentials,
    NotLoggedIn,
    Forbidden,
    WrongOrigin,
    NotFound,
    UnknownRoom,
    UnknownPerson,
    UnknownMessage,
    MethodNotAllowed,
    RoomExists,
    IdTaken,
    MessageDeleted,
    TooLarge,
    UnsupportedMediaType,
    WrongHost,
    InvalidRoomName,
    InvalidPassword,
    RateLimited,
    UnknownCommand,
    InvalidArguments,
    CommandFailed,
    CommandTimeout,
    Unavailable,
    Internal,
}

impl ErrorCode {
    /// The HTTP status (RFC 9110) a problem of this kind travels under.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::InvalidCredentials | Self::NotLoggedIn => 401,
            Self::Forbidden | Self::WrongOrigin => 403,
            Self::NotFound | Self::UnknownRoom | Self::UnknownPerson | Self::UnknownMessage | Self::UnknownCommand => {
                404
            }
            Self::MethodNotAllowed => 405,
            Self::RoomExists | Self::IdTaken | Self::MessageDeleted => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::WrongHost => 421,
            Self::InvalidRoomName | Self::InvalidPassword | Self::InvalidArguments => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::CommandFailed => 502,
            Self::Unavailable => 503,
            Self::CommandTimeout => 504,
        }
    }
    /// The code as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidCredentials => "invalid_credentials",
            Self::NotLoggedIn => "not_logged_in",
            Self::Forbidden => "forbidden",
            Self::WrongOrigin => "wrong_origin",
            Self::NotFound => "not_found",
            Self::UnknownRoom => "unknown_room",
            Self::UnknownPerson => "unknown_person",
            Self::UnknownMessage => "unknown_message",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RoomExists => "room_exists",
            Self::IdTaken => "id_taken",
            Self::MessageDeleted => "message_deleted",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::WrongHost => "wrong_host",
            Self::InvalidRoomName => "invalid_room_name",
            Self::InvalidPassword => "invalid_password",
            Self::RateLimited => "rate_limited",
            Self::UnknownCommand => "unknown_command",
            Self::InvalidArguments => "invalid_arguments",
            Self::CommandFailed => "command_failed",
            Self::CommandTimeout => "command_timeout",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A refused request: the code for programs, the message for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: ErrorCode,
    pub message: String,
    /// The HTTP status where it differs from the code's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When asking again can help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The character of the command line at fault, counted in Unicode scalar values from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
}

impl Refusal {
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: None, retry_after_ms: None, position: None }
    }
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Self {
        self.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        self
    }
    #[must_use]
    pub fn at(mut self, position: usize) -> Self {
        self.position = u32::try_from(position).ok();
        self
    }
    /// A request whose parts are well formed but do not fit together: 422 over HTTP.
    #[must_use]
    pub fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message).with_status(422)
    }
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.unwrap_or_else(|| self.code.status())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_in_json_is_the_code_in_rust() {
        for code in [ErrorCode::InvalidRequest, ErrorCode::WrongHost, ErrorCode::CommandTimeout, ErrorCode::Internal] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
