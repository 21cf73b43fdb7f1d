//! The floor: a server that does nothing but write(2) ready bytes to every socket, when the first one asks for it.
//! No fan-out that writes to each socket can cost much less.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::frame::server_text;

/// Bytes of the websocket handshake's answer. The accept key is that of the load client's constant key.
const WELCOME: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";

/// What the first socket asks for, in two bytes: how, and how many frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// So many frames, each written to everybody by itself.
    Each(u8),
    /// So many frames, joined in one write to each.
    Joined(u8),
}

impl Ask {
    #[must_use]
    pub fn bytes(self) -> [u8; 2] {
        match self {
            Self::Each(frames) => [0, frames],
            Self::Joined(frames) => [1, frames],
        }
    }
    fn read([how, frames]: [u8; 2]) -> Self {
        if how == 0 { Self::Each(frames) } else { Self::Joined(frames) }
    }
}

/// Lets so many sockets in, and then serves the first until it closes.
///
/// # Errors
/// If a socket fails.
pub fn serve(listener: &TcpListener, sockets: usize, frame_bytes: usize) -> Result<()> {
    let payload = frame_bytes.checked_sub(4).context("a frame has a header of 4 bytes")?;
    let frame = server_text(&vec![b'x'; payload]);
    ensure!(frame.len() == frame_bytes, "frames have from 130 to 65,539 bytes");
    let mut crowd = Vec::with_capacity(sockets);
    while crowd.len() < sockets {
        crowd.push(welcome(listener.accept()?.0)?);
    }
    let mut ask = [0; 2];
    while crowd[0].read_exact(&mut ask).is_ok() {
        match Ask::read(ask) {
            Ask::Each(frames) => {
                for _ in 0..frames {
                    write_to_all(&mut crowd, &frame)?;
                }
            }
            Ask::Joined(frames) => write_to_all(&mut crowd, &frame.repeat(frames.into()))?,
        }
    }
    Ok(())
}

fn write_to_all(crowd: &mut [TcpStream], bytes: &[u8]) -> Result<()> {
    for stream in crowd {
        // A socket whose buffer is full holds everybody up; none is here, since the client reads.
        stream.write_all(bytes)?;
    }
    Ok(())
}

fn welcome(mut stream: TcpStream) -> Result<TcpStream> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        let n = stream.read(&mut buffer)?;
        ensure!(n > 0, "closed in the handshake");
        head.extend_from_slice(&buffer[..n]);
    }
    stream.write_all(WELCOME)?;
    Ok(stream)
}

/// The floor of durability: groups of so many messages appended to a file and synced to disk one after the other, as
/// often as the time allows. Messages a second.
///
/// # Errors
/// If the file cannot be written.
pub fn append(group: usize, message_bytes: usize, time: Duration, most: usize) -> Result<f64> {
    let mut file = tempfile::tempfile().context("a temporary file")?;
    let bytes = vec![b'x'; group * message_bytes];
    let mut groups = 0;
    let since = Instant::now();
    while since.elapsed() < time && groups < most {
        file.write_all(&bytes)?;
        file.sync_data()?;
        groups += 1;
    }
    Ok(crate::stats::count(groups * group) / since.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crowd::{Crowd, Opening, Stop},
        frame::Kind,
    };

    #[test]
    fn everybody_gets_what_the_first_asks_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || serve(&listener, 3, 200));
        let mut crowd = Crowd::new(&Stop::default()).unwrap();
        crowd.open(port, &vec![Opening::default(); 3]).unwrap();
        crowd.send(0, &Ask::Each(2).bytes()).unwrap();
        crowd.hear(6, &[Kind::Text]).unwrap();
        crowd.send(0, &Ask::Joined(20).bytes()).unwrap();
        crowd.hear(60, &[Kind::Text]).unwrap();
        drop(crowd);
        serving.join().unwrap().unwrap();
    }

    #[test]
    fn appending_ends_with_its_count() {
        assert!(append(3, 100, Duration::from_secs(60), 2).unwrap() > 0.0);
    }
}
