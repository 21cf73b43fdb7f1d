//! What the client and the broker report, in the port's words.

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::ShortString,
};

use crate::port::BrokerError;

/// Why something about `queue` failed.
pub(super) fn about(queue: &str, error: &lapin::Error) -> BrokerError {
    let ErrorKind::ProtocolError(error) = error.kind() else { return BrokerError::Unavailable };
    match error.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => BrokerError::NoQueue(queue.to_owned()),
        AMQPErrorKind::Soft(
            AMQPSoftError::ACCESSREFUSED | AMQPSoftError::RESOURCELOCKED | AMQPSoftError::PRECONDITIONFAILED,
        ) => BrokerError::Refused(error.get_message().to_string()),
        _ => BrokerError::Unavailable,
    }
}

/// A name or property as the wire has it. A longer one would cost the whole connection.
pub(super) fn short(text: &str) -> Result<ShortString, BrokerError> {
    ShortString::try_new(text).map_err(|_| BrokerError::Refused("a name has at most 255 bytes".to_owned()))
}
