//! What a handler gives back, and the outcome that this becomes. Who may see it is said here, how it gets there is not.

use parlor_protocol::{
    broker::Outcome,
    error::ErrorCode,
    limits,
    socket::{Details, Fact},
    text::Text,
};

/// A handler's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Reply {
    text: String,
    audience: Audience,
    details: Details,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Room,
    Asker,
}

impl Reply {
    /// A message for everyone in the room, under the bot's name.
    pub fn to_room(text: impl Into<String>) -> Self {
        Self { text: text.into(), audience: Audience::Room, details: Details::default() }
    }
    /// For the asker alone; it is not kept.
    pub fn to_asker(text: impl Into<String>) -> Self {
        Self { text: text.into(), audience: Audience::Asker, details: Details::default() }
    }
    /// Where the answer comes from. Details go with a message to the room.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.details.source = Some(source.into());
        self
    }
    /// The moment that the answer speaks of.
    pub fn as_of(mut self, moment: impl Into<String>) -> Self {
        self.details.as_of = Some(moment.into());
        self
    }
    /// A figure beside the text; the first 20 are kept.
    pub fn fact(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        if self.details.facts.len() < limits::DETAIL_FACTS {
            self.details.facts.push(Fact { label: label.into(), value: value.into() });
        }
        self
    }
}

/// Why a handler has no answer; the text is for the asker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    code: ErrorCode,
    message: String,
}

impl Failure {
    /// It could not be done.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::CommandFailed, message: message.into() }
    }
    /// It was asked for in a way that makes no sense.
    #[must_use]
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::InvalidArguments, message: message.into() }
    }
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code
    }
}

/// The outcome as it travels. A reply that the chat would refuse becomes a failure here, where its author can see it.
pub(crate) fn outcome(result: Result<Reply, Failure>) -> Outcome {
    let reply = match result {
        Ok(reply) => reply,
        Err(failure) => return error(failure),
    };
    let details = (reply.details != Details::default()).then_some(reply.details);
    match (Text::parse(reply.text), reply.audience) {
        (Ok(text), Audience::Room) => Outcome::Message { text: text.into(), details },
        (Ok(text), Audience::Asker) => Outcome::Answer { text: text.into() },
        (Err(refusal), _) => {
            tracing::warn!(%refusal, "the handler's text is none that a message can have");
            error(Failure::failed("The bot's answer was none that can be shown."))
        }
    }
}

fn error(Failure { code, message }: Failure) -> Outcome {
    let message = Text::parse(message).map_or_else(|_| "The command failed.".to_owned(), String::from);
    Outcome::Error { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_go_with_a_message_only_if_there_are_any() {
        let plain = outcome(Ok(Reply::to_room("hi")));
        assert_eq!(plain, Outcome::Message { text: "hi".into(), details: None });
        let Outcome::Message { details: Some(details), .. } =
            outcome(Ok((0..30).fold(Reply::to_room("hi"), |reply, n| reply.fact("n", n.to_string()))))
        else {
            panic!("no details")
        };
        assert_eq!(details.facts.len(), limits::DETAIL_FACTS);
    }

    #[test]
    fn a_text_that_no_message_can_have_is_a_failure() {
        for text in [String::new(), "a\0b".into(), "x".repeat(limits::TEXT_CHARS + 1)] {
            let Outcome::Error { code, .. } = outcome(Ok(Reply::to_room(text))) else { panic!("it passed") };
            assert_eq!(code, ErrorCode::CommandFailed);
        }
        let hidden = outcome(Err(Failure::invalid_arguments("")));
        assert_eq!(hidden, Outcome::Error { code: ErrorCode::InvalidArguments, message: "The command failed.".into() });
    }
}
