//! What a client's bytes on its socket amount to.

use parlor_chat::socket::wire::{Incoming, Reader};
use parlor_protocol::{limits, socket::CloseCode};

/// However the network cuts the bytes, they amount to the same; what comes out keeps to the limits.
pub fn socket_bytes(bytes: &[u8]) {
    let whole = read(bytes, bytes.len().max(1));
    for cut in [1, 7] {
        assert_eq!(read(bytes, cut), whole, "cut into pieces of {cut}");
    }
    for incoming in whole.0 {
        match incoming {
            Incoming::Text(text) => {
                assert!(text.len() <= limits::FRAME_CLOSE_BYTES);
                assert!(std::str::from_utf8(&text).is_ok());
                super::client_frame(&text);
            }
            Incoming::Ping(payload) => assert!(payload.len() <= 125, "RFC 6455 allows no longer one"),
            Incoming::Binary | Incoming::Pong | Incoming::Close => {}
        }
    }
}

fn read(bytes: &[u8], cut: usize) -> (Vec<Incoming>, Result<bool, CloseCode>) {
    let mut reader = Reader::default();
    let mut got = Vec::new();
    let ended = bytes.chunks(cut).try_for_each(|piece| reader.feed(piece, &mut got));
    (got, ended.map(|()| reader.is_midway()))
}
