//! What a client's text frame says.

use parlor_protocol::{
    error::ErrorCode,
    limits,
    socket::{ClientFrame, RefusedFrame, ServerFrame},
    text::Text,
};
use serde_json::Value;

/// A frame that is taken keeps to the limits and reads the same once it is written again; one that is refused is
/// refused in a frame that its sender can read, with its `id` if it has one.
pub fn client_frame(bytes: &[u8]) {
    match ClientFrame::parse(bytes) {
        Ok(frame) => taken(bytes, &frame),
        Err(refused) => is_refused(bytes, refused),
    }
}

fn taken(bytes: &[u8], frame: &ClientFrame) {
    assert!(bytes.len() <= limits::FRAME_BYTES);
    match frame {
        ClientFrame::Message { text, .. } | ClientFrame::Command { text, .. } => within_limits(text),
        ClientFrame::Resume { rooms } => {
            assert!(rooms.len() <= limits::RESUME_ROOMS);
            assert!(rooms.values().all(|seq| seq.0 <= limits::SEQ_MAX));
        }
    }
    let written = serde_json::to_vec(frame).expect("a frame is JSON");
    assert_eq!(ClientFrame::parse(&written).as_ref(), Ok(frame));
}

fn within_limits(text: &Text) {
    let text = text.as_str();
    assert!((1..=limits::TEXT_CHARS).contains(&text.chars().count()));
    assert!(text.len() <= limits::TEXT_BYTES);
    assert!(!text.trim().is_empty());
    assert!(!text.contains(|c: char| c.is_control() && c != '\t' && c != '\n'));
}

fn is_refused(bytes: &[u8], RefusedFrame { id, refusal }: RefusedFrame) {
    assert!(matches!(refusal.code, ErrorCode::InvalidRequest | ErrorCode::TooLarge));
    assert!(!refusal.message.is_empty() && refusal.message.chars().count() <= 300, "{}", refusal.message);
    let echoed = |id: &str| id.chars().count() <= limits::ECHOED_ID_CHARS;
    assert!(id.as_deref().is_none_or(echoed));
    if let Ok(Value::Object(fields)) = serde_json::from_slice(bytes)
        && fields.get("id").and_then(Value::as_str).is_some_and(echoed)
    {
        assert!(id.is_some(), "its id is readable");
    }
    let told = ServerFrame::error(id, refusal);
    assert_eq!(serde_json::from_str::<ServerFrame>(&told.to_json()).ok(), Some(told));
}
