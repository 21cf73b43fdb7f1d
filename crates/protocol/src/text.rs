//! What people write: the text of a message or a command line, and a room's topic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    error::{ErrorCode, Refusal},
    limits,
};

/// No control character but tab and newline, for the published schemas.
const WRITTEN: &str = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$";

/// The text of a message: 1 to 8,000 characters and at most 32,000 bytes, not white space alone, no
/// control character but tab and newline. Kept exactly as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("minLength" = 1, "maxLength" = limits::TEXT_CHARS, "pattern" = WRITTEN))]
#[ts(type = "string")]
pub struct Text(String);

impl Text {
    /// # Errors
    /// `too_large` above the limits, `invalid_request` for white space alone or control characters.
    pub fn parse(text: String) -> Result<Self, Refusal> {
        if text.len() > limits::TEXT_BYTES || text.chars().count() > limits::TEXT_CHARS {
            return Err(Refusal::new(
                ErrorCode::TooLarge,
                format!("A text has at most {} characters and {} bytes.", limits::TEXT_CHARS, limits::TEXT_BYTES),
            ));
        }
        if text.chars().all(char::is_whitespace) {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "A text needs more than white space."));
        }
        if text.chars().any(is_forbidden) {
            return Err(Refusal::new(
                ErrorCode::InvalidRequest,
                "A text must not contain control characters other than tab and newline.",
            ));
        }
        Ok(Self(text))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_forbidden(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

impl TryFrom<String> for Text {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(text)
    }
}
impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// What a room is about, in one line of at most 250 characters; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("maxLength" = limits::TOPIC_CHARS))]
#[ts(type = "string")]
pub struct Topic(String);

impl Topic {
    /// # Errors
    /// `invalid_request` when it is too long or not one line of text.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.chars().count() > limits::TOPIC_CHARS {
            return Err(Refusal::new(
                ErrorCode::InvalidRequest,
                format!("A topic has at most {} characters.", limits::TOPIC_CHARS),
            ));
        }
        if text.chars().any(char::is_control) {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "A topic is one line without control characters."));
        }
        Ok(Self(text.to_owned()))
    }
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for Topic {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}
impl From<Topic> for String {
    fn from(topic: Topic) -> Self {
        topic.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        Text::parse(text.to_owned()).err().map(|refusal| refusal.code)
    }

    #[test]
    fn both_limits_hold() {
        assert_eq!(code(&"a".repeat(8_000)), None);
        assert_eq!(code(&"a".repeat(8_001)), Some(ErrorCode::TooLarge));
        assert_eq!(code(&"😀".repeat(8_000)), None);
        assert_eq!(code(&"😀".repeat(8_001)), Some(ErrorCode::TooLarge));
    }

    #[test]
    fn white_space_alone_and_control_characters_are_refused() {
        assert_eq!(code(""), Some(ErrorCode::InvalidRequest));
        assert_eq!(code(" \n\t\u{3000}"), Some(ErrorCode::InvalidRequest));
        assert_eq!(code("a\rb"), Some(ErrorCode::InvalidRequest));
        assert_eq!(code("a\u{0}b"), Some(ErrorCode::InvalidRequest));
        assert_eq!(code("a\u{9b}b"), Some(ErrorCode::InvalidRequest));
        assert_eq!(code("\ta\nb"), None);
    }
}
