//! The websocket's own framing (RFC 6455): bytes in, messages out, and the server's frames as bytes.
//!
//! Without I/O and without any idea of what the messages say. No extension is negotiated.

use std::io::Cursor;

use bytes::Bytes;
use parlor_protocol::{limits, socket::CloseCode};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

/// What a client's bytes amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message, valid UTF-8.
    Text(Vec<u8>),
    Binary,
    Ping(Vec<u8>),
    Pong,
    Close,
}

/// Puts frames and messages together again. Empty, and without memory of its own, between messages.
#[derive(Debug, Default)]
pub struct Reader {
    /// The beginning of a frame whose end has not come.
    partial: Vec<u8>,
    /// A message whose last fragment has not come.
    message: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    text: bool,
    payload: Vec<u8>,
}

impl Reader {
    /// Takes what the client sent and appends what it amounts to.
    ///
    /// # Errors
    /// The code to close with: what follows cannot be understood.
    pub fn feed(&mut self, bytes: &[u8], into: &mut Vec<Incoming>) -> Result<(), CloseCode> {
        if self.partial.is_empty() {
            let used = self.take_frames(bytes, into)?;
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(bytes);
            let used = self.take_frames(&whole, into)?;
            if used < whole.len() {
                whole.drain(..used);
                self.partial = whole;
            }
        }
        Ok(())
    }

    /// Whether something has begun and not ended.
    #[must_use]
    pub fn is_midway(&self) -> bool {
        !self.partial.is_empty() || self.message.is_some()
    }

    fn take_frames(&mut self, bytes: &[u8], into: &mut Vec<Incoming>) -> Result<usize, CloseCode> {
        let mut used = 0;
        while used < bytes.len() {
            let mut cursor = Cursor::new(&bytes[used..]);
            let Some((header, length)) = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::ProtocolError)? else {
                break;
            };
            // A control frame between a message's pieces is no part of it.
            let message = self.message.as_ref().filter(|_| matches!(header.opcode, OpCode::Data(_)));
            let begun = message.map_or(0, |message| message.payload.len());
            let length = usize::try_from(length).map_err(|_| CloseCode::TooBig)?;
            if length.saturating_add(begun) > limits::FRAME_CLOSE_BYTES {
                return Err(CloseCode::TooBig);
            }
            let mask = check(&header, length)?;
            let start = used + usize::try_from(cursor.position()).map_err(|_| CloseCode::TooBig)?;
            let Some(payload) = bytes.get(start..start + length) else { break };
            let mut payload = payload.to_vec();
            unmask(&mut payload, mask);
            self.take_frame(&header, payload, into)?;
            used = start + length;
        }
        Ok(used)
    }

    fn take_frame(
        &mut self,
        header: &FrameHeader,
        payload: Vec<u8>,
        into: &mut Vec<Incoming>,
    ) -> Result<(), CloseCode> {
        match header.opcode {
            OpCode::Control(Control::Ping) => into.push(Incoming::Ping(payload)),
            OpCode::Control(Control::Pong) => into.push(Incoming::Pong),
            OpCode::Control(Control::Close) => {
                if !is_close_payload(&payload) {
                    return Err(CloseCode::ProtocolError);
                }
                into.push(Incoming::Close);
            }
            OpCode::Control(Control::Reserved(_)) | OpCode::Data(Data::Reserved(_)) => {
                return Err(CloseCode::ProtocolError);
            }
            OpCode::Data(Data::Continue) => {
                let mut message = self.message.take().ok_or(CloseCode::ProtocolError)?;
                message.payload.extend_from_slice(&payload);
                self.take_fragment(message, header.is_final, into)?;
            }
            OpCode::Data(kind) => {
                if self.message.is_some() {
                    return Err(CloseCode::ProtocolError);
                }
                self.take_fragment(Fragments { text: kind == Data::Text, payload }, header.is_final, into)?;
            }
        }
        Ok(())
    }

    fn take_fragment(&mut self, message: Fragments, last: bool, into: &mut Vec<Incoming>) -> Result<(), CloseCode> {
        if !last {
            self.message = Some(message);
        } else if !message.text {
            into.push(Incoming::Binary);
        } else if std::str::from_utf8(&message.payload).is_ok() {
            into.push(Incoming::Text(message.payload));
        } else {
            return Err(CloseCode::InvalidUtf8);
        }
        Ok(())
    }
}

/// What RFC 6455 asks of a client's frame; its mask.
fn check(header: &FrameHeader, length: usize) -> Result<[u8; 4], CloseCode> {
    let control = matches!(header.opcode, OpCode::Control(_));
    let reserved_bits = header.rsv1 || header.rsv2 || header.rsv3;
    if reserved_bits || (control && (!header.is_final || length > 125)) {
        return Err(CloseCode::ProtocolError);
    }
    header.mask.ok_or(CloseCode::ProtocolError)
}

fn is_close_payload(payload: &[u8]) -> bool {
    match payload {
        [] => true,
        [_] => false,
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let known = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            known && std::str::from_utf8(reason).is_ok()
        }
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut quads = payload.chunks_exact_mut(4);
    for quad in &mut quads {
        for (byte, key) in quad.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
    for (byte, key) in quads.into_remainder().iter_mut().zip(mask) {
        *byte ^= key;
    }
}

fn frame(opcode: OpCode, payload: &[u8]) -> Bytes {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    let length = payload.len() as u64;
    let mut bytes = Vec::with_capacity(header.len(length) + payload.len());
    header.format(length, &mut bytes).expect("writing to memory does not fail");
    bytes.extend_from_slice(payload);
    bytes.into()
}

/// A text frame, ready to be written to any number of sockets: a server's frames are not masked.
#[must_use]
pub fn text(text: &str) -> Bytes {
    frame(OpCode::Data(Data::Text), text.as_bytes())
}
#[must_use]
pub fn ping() -> Bytes {
    frame(OpCode::Control(Control::Ping), b"")
}
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    frame(OpCode::Control(Control::Pong), payload)
}
#[must_use]
pub fn close(code: CloseCode) -> Bytes {
    let payload = [&code.code().to_be_bytes(), code.reason().as_bytes()].concat();
    frame(OpCode::Control(Control::Close), &payload)
}
/// The answer to a client's close.
#[must_use]
pub fn close_answer() -> Bytes {
    frame(OpCode::Control(Control::Close), &1000_u16.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client_frame(opcode: u8, last: bool, payload: &[u8]) -> Vec<u8> {
        let opcode = OpCode::from(opcode);
        let header = FrameHeader { is_final: last, opcode, mask: Some([1, 2, 3, 4]), ..FrameHeader::default() };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        let mut payload = payload.to_vec();
        unmask(&mut payload, [1, 2, 3, 4]);
        bytes.extend(payload);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Incoming>, CloseCode> {
        let mut got = Vec::new();
        Reader::default().feed(bytes, &mut got).map(|()| got)
    }

    #[test]
    fn fragments_make_one_message_with_pings_between() {
        let bytes = [
            client_frame(1, false, b"he"),
            client_frame(9, true, b"p"),
            client_frame(0, false, b"ll"),
            client_frame(0, true, b"o"),
            client_frame(2, true, b"\xff"),
            client_frame(8, true, &1001_u16.to_be_bytes()),
        ]
        .concat();
        let expected =
            [Incoming::Ping(b"p".to_vec()), Incoming::Text(b"hello".to_vec()), Incoming::Binary, Incoming::Close];
        assert_eq!(read(&bytes).unwrap(), expected);
    }

    #[test]
    fn what_breaks_the_protocol_closes() {
        let mut unmasked = client_frame(1, true, b"x");
        unmasked[1] &= 0x7f;
        let mut reserved = client_frame(1, true, b"x");
        reserved[0] |= 0x40;
        for (bytes, code) in [
            (unmasked, CloseCode::ProtocolError),
            (reserved, CloseCode::ProtocolError),
            (client_frame(0, true, b"x"), CloseCode::ProtocolError),
            (client_frame(9, false, b"x"), CloseCode::ProtocolError),
            (client_frame(9, true, &[0; 126]), CloseCode::ProtocolError),
            (client_frame(3, true, b"x"), CloseCode::ProtocolError),
            (client_frame(11, true, b"x"), CloseCode::ProtocolError),
            (client_frame(8, true, b"x"), CloseCode::ProtocolError),
            (client_frame(8, true, &1005_u16.to_be_bytes()), CloseCode::ProtocolError),
            ([client_frame(1, false, b"x"), client_frame(1, true, b"x")].concat(), CloseCode::ProtocolError),
            (client_frame(1, true, b"\xc3"), CloseCode::InvalidUtf8),
            (client_frame(1, true, &vec![b'a'; limits::FRAME_CLOSE_BYTES + 1]), CloseCode::TooBig),
            (vec![0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4], CloseCode::TooBig),
        ] {
            assert_eq!(read(&bytes), Err(code), "{:?}", &bytes[..bytes.len().min(12)]);
        }
        let whole = "a".repeat(limits::FRAME_CLOSE_BYTES);
        let between =
            [client_frame(1, false, whole.as_bytes()), client_frame(9, true, b"p"), client_frame(0, true, b"")];
        assert_eq!(read(&between.concat()), Ok(vec![Incoming::Ping(b"p".to_vec()), Incoming::Text(whole.into())]));
        let half = vec![b'a'; limits::FRAME_CLOSE_BYTES / 2 + 1];
        let halves = [client_frame(1, false, &half), client_frame(0, true, &half)].concat();
        assert_eq!(read(&halves), Err(CloseCode::TooBig));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_reads_the_same(
            texts in proptest::collection::vec("\\PC{0,300}", 1..6),
            cuts in proptest::collection::vec(1_usize..50, 1..200),
        ) {
            let bytes: Vec<u8> = texts.iter().flat_map(|text| client_frame(1, true, text.as_bytes())).collect();
            let mut reader = Reader::default();
            let mut got = Vec::new();
            let (mut left, mut cuts) = (&bytes[..], cuts.into_iter().cycle());
            while !left.is_empty() {
                let (piece, rest) = left.split_at(cuts.next().unwrap().min(left.len()));
                reader.feed(piece, &mut got).unwrap();
                left = rest;
            }
            let expected: Vec<_> = texts.into_iter().map(|text| Incoming::Text(text.into_bytes())).collect();
            prop_assert_eq!(got, expected);
            prop_assert!(!reader.is_midway());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }
    }
}
