//! Whom a process speaks to: its own connections to others, gathered while a test runs. Linux alone.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};

use crate::eventually;

/// Short, since a connection may be: one that opens and closes in between is not seen.
const LOOK: Duration = Duration::from_millis(2);

/// Looks at a process's connections until it is asked what it saw.
#[derive(Debug)]
pub struct Watcher {
    stop: Sender<()>,
    looking: JoinHandle<()>,
    seen: Arc<Mutex<BTreeSet<SocketAddr>>>,
}

impl Watcher {
    /// Of this process, which listens on this port.
    #[must_use]
    pub fn of(pid: u32, listens_on: u16) -> Self {
        let (stop, stopped) = mpsc::channel();
        let seen = Arc::<Mutex<BTreeSet<SocketAddr>>>::default();
        let looking = std::thread::spawn({
            let seen = Arc::clone(&seen);
            move || {
                while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    lock(&seen).extend(outgoing(pid, listens_on));
                }
            }
        });
        Self { stop, looking, seen }
    }

    /// Waits until it has seen a connection to this address.
    pub async fn sees(&self, address: SocketAddr) {
        eventually(&format!("connection to {address}"), async || lock(&self.seen).contains(&address).then_some(()))
            .await;
    }

    /// Everyone it was connected to, or sent datagrams to.
    ///
    /// # Panics
    /// If the process could not be looked at.
    #[must_use]
    pub fn saw(self) -> BTreeSet<SocketAddr> {
        drop(self.stop);
        self.looking.join().expect("the process could be looked at");
        std::mem::take(&mut lock(&self.seen))
    }
}

fn lock(seen: &Mutex<BTreeSet<SocketAddr>>) -> MutexGuard<'_, BTreeSet<SocketAddr>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The other ends of the process's sockets that it has not accepted itself.
fn outgoing(pid: u32, listens_on: u16) -> Vec<SocketAddr> {
    let inodes = sockets_of(pid);
    let tables = ["tcp", "tcp6", "udp", "udp6"];
    let rows = tables.iter().filter_map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).ok());
    let lines: Vec<String> =
        rows.flat_map(|text| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().filter_map(|line| remote(line, listens_on, &inodes)).collect()
}

fn remote(line: &str, listens_on: u16, inodes: &BTreeSet<String>) -> Option<SocketAddr> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    let inode = fields.nth(6)?;
    let is_outgoing = remote.port() != 0 && local.port() != listens_on;
    (is_outgoing && inodes.contains(inode)).then_some(remote)
}

fn sockets_of(pid: u32) -> BTreeSet<String> {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    links.filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())).collect()
}

/// `0100007F:1F90`: each four bytes in the machine's order, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<u32> =
        (0..ip.len() / 8).filter_map(|i| u32::from_str_radix(&ip[i * 8..i * 8 + 8], 16).ok()).collect();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let ip: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_to_somebody_else_is_seen_and_an_accepted_one_is_not() {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = here.local_addr().unwrap().port();
        let _visitor = TcpStream::connect(here.local_addr().unwrap()).unwrap();
        let (_accepted, visitor) = here.accept().unwrap();
        assert!(!outgoing(std::process::id(), port).contains(&visitor));

        let _out = TcpStream::connect(elsewhere.local_addr().unwrap()).unwrap();
        assert!(outgoing(std::process::id(), port).contains(&elsewhere.local_addr().unwrap()));
    }

    #[test]
    fn addresses_are_read() {
        assert_eq!(address("0100007F:1F90"), Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!(address("0000000000000000FFFF00000100007F:0050"), Some("127.0.0.1:80".parse().unwrap()));
    }
}
