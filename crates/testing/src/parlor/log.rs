//! What the program writes, kept for questions and for a test that fails.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Child,
    sync::watch,
};

/// All lines so far: what it says to whoever started it, and its log.
#[derive(Debug, Clone)]
pub struct Log {
    said: Arc<Mutex<Vec<String>>>,
    logged: Arc<Mutex<Vec<String>>>,
    port: watch::Sender<Option<u16>>,
}

impl Default for Log {
    fn default() -> Self {
        Self { said: Arc::default(), logged: Arc::default(), port: watch::Sender::new(None) }
    }
}

impl Log {
    /// Reads both outputs until the program ends.
    pub(super) fn follow(&self, child: &mut Child) {
        let said = child.stdout.take().expect("the output is piped");
        let logged = child.stderr.take().expect("the log is piped");
        tokio::spawn(gather(said, Arc::clone(&self.said), self.port.clone()));
        tokio::spawn(gather(logged, Arc::clone(&self.logged), self.port.clone()));
    }

    /// The port that the program says it listens on.
    pub(super) async fn port(&self) -> u16 {
        let mut port = self.port.subscribe();
        let said = port.wait_for(Option::is_some).await.expect("the log is followed");
        said.expect("it was waited for")
    }

    /// The log alone.
    #[must_use]
    pub fn text(&self) -> String {
        text(&self.logged)
    }

    /// Goes to stderr as a whole, so that the logs of several programs stay apart.
    pub(super) fn print(&self) {
        let (said, logged) = (text(&self.said), text(&self.logged));
        let _ = writeln!(std::io::stderr().lock(), "--- the program's log ---\n{said}\n{logged}\n--- its end ---");
    }
}

fn text(lines: &Mutex<Vec<String>>) -> String {
    lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
}

async fn gather(output: impl AsyncRead + Unpin, into: Arc<Mutex<Vec<String>>>, port: watch::Sender<Option<u16>>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(said) = port_in(&line) {
            port.send_replace(Some(said));
        }
        into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

fn port_in(line: &str) -> Option<u16> {
    let (_, address) = line.split_once("listening on http://")?;
    let (_, port) = address.rsplit_once(':')?;
    port.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_found_in_its_line_alone() {
        assert_eq!(port_in("listening on http://127.0.0.1:40123"), Some(40_123));
        assert_eq!(port_in("INFO listening on http://127.0.0.1:80/"), Some(80));
        assert_eq!(port_in("open http://localhost:8080"), None);
    }
}
