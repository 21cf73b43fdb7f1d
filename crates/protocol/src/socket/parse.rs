//! Reading a client's frame: strict in what it takes, and able to name the `id` of what it refuses.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, Visitor},
};

use super::{ClientFrame, RefusedFrame};
use crate::{
    error::{ErrorCode, Refusal},
    ids::{MessageId, Seq},
    limits,
    text::Text,
};

/// Every field that any frame has; which of them a frame may have depends on its `type`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    room: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    rooms: Option<BTreeMap<String, u64>>,
}

pub(super) fn parse(bytes: &[u8]) -> Result<ClientFrame, RefusedFrame> {
    checked(bytes).map_err(|refusal| RefusedFrame { id: readable_id(bytes), refusal })
}

fn checked(bytes: &[u8]) -> Result<ClientFrame, Refusal> {
    if bytes.len() > limits::FRAME_BYTES {
        return Err(Refusal::new(
            ErrorCode::TooLarge,
            format!("A frame has at most {} KiB.", limits::FRAME_BYTES / 1024),
        ));
    }
    if !within_depth(bytes) {
        return Err(invalid(format!("JSON is at most {} deep here.", limits::JSON_DEPTH)));
    }
    // A list would pass for the object whose fields it holds in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(invalid("A frame is a JSON object."));
    }
    let fields: Fields = serde_json::from_slice(bytes).map_err(|error| invalid(describe(&error)))?;
    match &*fields.r#type {
        "message" => {
            let (id, room, text) = addressed(fields)?;
            Ok(ClientFrame::Message { id, room, text })
        }
        "command" => {
            let (id, room, text) = addressed(fields)?;
            Ok(ClientFrame::Command { id, room, text })
        }
        "resume" => resume(fields),
        other => {
            let shown: String = other.chars().take(limits::QUOTED_CHARS).collect();
            Err(invalid(format!("There is no frame of type {shown:?}.")))
        }
    }
}

fn addressed(fields: Fields) -> Result<(MessageId, String, Text), Refusal> {
    if fields.rooms.is_some() {
        return Err(invalid("This frame has no field `rooms`."));
    }
    let id = fields.id.ok_or_else(|| missing("id"))?;
    let id = id.parse().map_err(|error| invalid(format!("`id` {error}.")))?;
    let room = fields.room.ok_or_else(|| missing("room"))?;
    let text = Text::parse(fields.text.ok_or_else(|| missing("text"))?)?;
    Ok((id, room, text))
}

fn resume(fields: Fields) -> Result<ClientFrame, Refusal> {
    if fields.id.is_some() || fields.room.is_some() || fields.text.is_some() {
        return Err(invalid("A `resume` has no field but `rooms`."));
    }
    let rooms = fields.rooms.ok_or_else(|| missing("rooms"))?;
    if rooms.len() > limits::RESUME_ROOMS {
        return Err(invalid(format!("A `resume` has at most {} rooms.", limits::RESUME_ROOMS)));
    }
    if rooms.values().any(|&seq| seq > limits::SEQ_MAX) {
        return Err(invalid("A `seq` is at most 2^53 - 1."));
    }
    Ok(ClientFrame::Resume { rooms: rooms.into_iter().map(|(room, seq)| (room, Seq(seq))).collect() })
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, message)
}

fn missing(field: &str) -> Refusal {
    invalid(format!("The field `{field}` is missing."))
}

/// What serde says, without what the sender wrote beyond a field's name, and never endless.
fn describe(error: &serde_json::Error) -> String {
    let text: String = error.to_string().chars().take(200).collect();
    format!("This is not one of the frames: {text}.")
}

/// Whether objects and arrays stay within the limit; what is no JSON at all is the parser's to refuse.
fn within_depth(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in bytes {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limits::JSON_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// The top-level `id`, if it can be read before whatever is wrong, or even behind it.
fn readable_id(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    // An error here is expected: the frame was refused. What was read until then counts.
    let _ = serde_json::Deserializer::from_slice(bytes).deserialize_map(FindId(&mut found));
    found
}

struct FindId<'f>(&'f mut Option<String>);

impl<'de> Visitor<'de> for FindId<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "id" {
                map.next_value_seed(TakeId(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct TakeId<'f>(&'f mut Option<String>);

impl<'de> DeserializeSeed<'de> for TakeId<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if let Some(id) = value.as_str()
            && id.chars().count() <= limits::ECHOED_ID_CHARS
        {
            self.0.get_or_insert_with(|| id.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0190f3c2-7a5e-7d1c-9b1a-0123456789ab";

    fn refused(text: &str) -> (ErrorCode, Option<String>) {
        let refused = parse(text.as_bytes()).expect_err(text);
        (refused.refusal.code, refused.id)
    }

    #[test]
    fn the_three_frames_are_read() {
        let frame = parse(format!(r#"{{"type":"message","id":"{ID}","room":"r","text":"hi"}}"#).as_bytes());
        assert!(matches!(frame, Ok(ClientFrame::Message { room, .. }) if room == "r"));
        let frame = parse(format!(r#"{{"text":"/help","room":"r","id":"{ID}","type":"command"}}"#).as_bytes());
        assert!(matches!(frame, Ok(ClientFrame::Command { .. })));
        let frame = parse(br#"{"type":"resume","rooms":{"r":0}}"#);
        assert!(matches!(frame, Ok(ClientFrame::Resume { rooms }) if rooms["r"] == Seq(0)));
    }

    #[test]
    fn anything_else_is_refused_and_its_id_echoed() {
        let id = || Some(ID.to_owned());
        let bad = ErrorCode::InvalidRequest;
        for (text, expected) in [
            ("".to_owned(), (bad, None)),
            ("[]".to_owned(), (bad, None)),
            (format!(r#"["message","{ID}","r","hi"]"#), (bad, None)),
            ("null".to_owned(), (bad, None)),
            ("{".to_owned(), (bad, None)),
            (r#"{"type":"message"}"#.to_owned(), (bad, None)),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r","text":5}}"#), (bad, id())),
            (format!(r#"{{"type":"message","x":1,"id":"{ID}","room":"r","text":"a"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","author":"j","room":"r","text":"a"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","id":"{ID}","room":"r","text":"a"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r","text":" "}}"#), (bad, id())),
            (format!(r#"{{"type":"shout","id":"{ID}","room":"r","text":"a"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r","text":"a"}} x"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r","text":"\ud800"}}"#), (bad, id())),
            (format!(r#"{{"type":"message","id":"{ID}","room":"r","rooms":{{}},"text":"a"}}"#), (bad, id())),
            (r#"{"type":"message","id":"nope","room":"r","text":"a"}"#.to_owned(), (bad, Some("nope".into()))),
            (r#"{"type":"message","id":7,"room":"r","text":"a"}"#.to_owned(), (bad, None)),
            (r#"{"type":"resume","rooms":{"r":-1}}"#.to_owned(), (bad, None)),
            (r#"{"type":"resume","rooms":{"r":9007199254740992}}"#.to_owned(), (bad, None)),
            (format!(r#"{{"id":"{ID}","x":{}1{}}}"#, "[".repeat(16), "]".repeat(16)), (bad, id())),
            (
                format!(r#"{{"type":"message","text":"{}","room":"r","id":"{ID}"}}"#, "a".repeat(limits::FRAME_BYTES)),
                (ErrorCode::TooLarge, id()),
            ),
            (
                format!(r#"{{"type":"message","text":"{}","room":"r","id":"{ID}"}}"#, "a".repeat(8_001)),
                (ErrorCode::TooLarge, id()),
            ),
        ] {
            assert_eq!(refused(&text), expected, "{}", &text[..text.len().min(120)]);
        }
    }

    #[test]
    fn a_resume_names_at_most_500_rooms() {
        let rooms = |n: usize| (0..n).map(|i| format!(r#""r{i}":1"#)).collect::<Vec<_>>().join(",");
        assert!(parse(format!(r#"{{"type":"resume","rooms":{{{}}}}}"#, rooms(500)).as_bytes()).is_ok());
        assert!(parse(format!(r#"{{"type":"resume","rooms":{{{}}}}}"#, rooms(501)).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn a_message_comes_out_as_it_went_in(text in "\\PC{1,200}") {
            prop_assume!(!text.chars().all(char::is_whitespace));
            let json = serde_json::json!({"type": "message", "id": ID, "room": "r", "text": text});
            let frame = parse(json.to_string().as_bytes()).unwrap();
            let ClientFrame::Message { text: read, .. } = frame else { return Err(TestCaseError::fail("no message")) };
            prop_assert_eq!(read.as_str(), text);
        }
    }
}
