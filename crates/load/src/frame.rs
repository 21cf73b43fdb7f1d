//! Websocket frames as a load client needs them: counted by their headers and first bytes, never decoded.

use parlor_protocol::ids::{MessageId, RoomId};

/// What a frame of the server's is, as far as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hello,
    Ack,
    Accepted,
    Message,
    Answer,
    Error,
    /// Another text: a peer's, or one that no measurement asks about.
    Text,
    Close,
    /// A ping, a pong, a fragment.
    Other,
}

/// Longest header of an unmasked frame.
const HEADER: usize = 10;
/// As many of a payload's first bytes as tell its kind.
const PEEK: usize = 20;

/// Cuts a server's bytes into frames, and keeps nothing of their payloads.
#[derive(Debug, Clone)]
pub struct Frames {
    /// The beginning of a frame: its header and the payload's first bytes.
    head: [u8; HEADER + PEEK],
    have: usize,
    /// Payload bytes that are still to come and of no interest, and the kind of the frame they end.
    skip: Option<(u64, Kind)>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { head: [0; HEADER + PEEK], have: 0, skip: None }
    }
}

impl Frames {
    /// Takes what was read and tells of each frame that ends in it.
    pub fn feed(&mut self, mut bytes: &[u8], mut hear: impl FnMut(Kind)) {
        loop {
            if let Some((left, kind)) = self.skip {
                let now = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[now..];
                let left = left - now as u64;
                if left > 0 {
                    self.skip = Some((left, kind));
                    return;
                }
                self.skip = None;
                hear(kind);
            }
            if self.have == 0 {
                if let Some((kind, whole)) = head(bytes) {
                    self.skip = Some((whole, kind));
                    continue;
                }
            } else {
                // The rest of a beginning, byte for byte: this is rare.
                while let Some((&first, rest)) = bytes.split_first() {
                    self.head[self.have] = first;
                    self.have += 1;
                    bytes = rest;
                    if let Some((kind, whole)) = head(&self.head[..self.have]) {
                        self.skip = Some((whole - self.have as u64, kind));
                        self.have = 0;
                        break;
                    }
                }
                if self.skip.is_some() {
                    continue;
                }
                return;
            }
            self.head[..bytes.len()].copy_from_slice(bytes);
            self.have = bytes.len();
            return;
        }
    }
}

/// The kind and the whole length of the frame that begins here; `None` if too little of it is there.
fn head(bytes: &[u8]) -> Option<(Kind, u64)> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (length, header) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        short => (u64::from(short), 2),
    };
    let payload = &bytes[header..];
    let enough = usize::try_from(length).unwrap_or(usize::MAX).min(PEEK);
    let payload = payload.get(..enough)?;
    let kind = match first {
        0x81 => text(payload),
        0x88 => Kind::Close,
        _ => Kind::Other,
    };
    Some((kind, header as u64 + length))
}

/// A frame of Parlor's names its type first.
fn text(payload: &[u8]) -> Kind {
    let Some(rest) = payload.strip_prefix(br#"{"type":""#) else { return Kind::Text };
    match rest {
        [b'a', b'c', b'k', b'"', ..] => Kind::Ack,
        [b'a', b'c', b'c', ..] => Kind::Accepted,
        [b'm', b'e', b's', b's', b'a', b'g', b'e', b'"', ..] => Kind::Message,
        [b'a', b'n', ..] => Kind::Answer,
        [b'e', b'r', ..] => Kind::Error,
        [b'h', b'e', ..] => Kind::Hello,
        _ => Kind::Text,
    }
}

/// A client's text frame. Its mask is zero, which the protocol allows and which costs nobody anything.
#[must_use]
pub fn client_text(payload: &[u8]) -> Vec<u8> {
    let mut frame = server_text(payload);
    let mask_at = frame.len() - payload.len();
    frame[1] |= 0x80;
    frame.splice(mask_at..mask_at, [0; 4]);
    frame
}

/// A server's text frame.
#[must_use]
pub fn server_text(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => frame.push(short),
        (_, Ok(middle)) => {
            frame.push(126);
            frame.extend(middle.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A message or command under an id of its own. The text is plain: nothing in it needs escaping.
#[must_use]
pub fn says(kind: &str, room: RoomId, text: &str) -> Vec<u8> {
    let id = MessageId::new();
    client_text(format!(r#"{{"type":"{kind}","id":"{id}","room":"{room}","text":"{text}"}}"#).as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(bytes: &[u8], cut: usize) -> Vec<Kind> {
        let (mut frames, mut heard) = (Frames::default(), Vec::new());
        for piece in bytes.chunks(cut) {
            frames.feed(piece, |kind| heard.push(kind));
        }
        heard
    }

    fn json(kind: &str, filler: usize) -> Vec<u8> {
        server_text(format!(r#"{{"type":"{kind}","text":"{}"}}"#, "x".repeat(filler)).as_bytes())
    }

    #[test]
    fn frames_are_told_apart_however_they_are_cut() {
        let bytes = [
            json("hello", 70_000),
            json("ack", 0),
            vec![0x89, 0],
            json("message", 200),
            json("message_edited", 3),
            json("accepted", 1),
            json("answer", 1),
            json("error", 1),
            server_text(b"{}"),
            vec![0x88, 2, 3, 0xe9],
        ]
        .concat();
        let expected = [
            Kind::Hello,
            Kind::Ack,
            Kind::Other,
            Kind::Message,
            Kind::Text,
            Kind::Accepted,
            Kind::Answer,
            Kind::Error,
            Kind::Text,
            Kind::Close,
        ];
        for cut in [1, 2, 3, 7, 29, 30, 31, 1000, bytes.len()] {
            assert_eq!(kinds(&bytes, cut), expected, "in pieces of {cut}");
        }
    }

    #[test]
    fn a_clients_frame_is_masked_with_nothing() {
        assert_eq!(client_text(b"hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(client_text(&[b'x'; 300])[..8], [0x81, 0xfe, 1, 44, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn no_frame_is_lost_or_made_up(lengths in proptest::collection::vec(0_usize..400, 0..30), cut in 1_usize..97) {
            let bytes: Vec<u8> = lengths.iter().flat_map(|&length| server_text(&vec![b'x'; length])).collect();
            prop_assert_eq!(kinds(&bytes, cut), vec![Kind::Text; lengths.len()]);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cut in 1_usize..40) {
            kinds(&bytes, cut);
        }
    }
}
