//! What the program writes, kept for questions and for a test that fails.

use std::{
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    sync::watch,
};

/// All lines so far, of both outputs.
#[derive(Debug, Clone)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    port: watch::Sender<Option<u16>>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Arc::default(), port: watch::Sender::new(None) }
    }
}

impl Log {
    /// Reads an output until the program ends.
    pub(super) fn follow(&self, output: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let output = output.expect("the output is piped");
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(port) = port_in(&line) {
                    log.port.send_replace(Some(port));
                }
                log.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
    }

    /// The port that the program says it listens on.
    pub(super) async fn port(&self) -> u16 {
        let mut port = self.port.subscribe();
        let said = port.wait_for(Option::is_some).await.expect("the log is followed");
        said.expect("it was waited for")
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Goes to stderr as a whole, so that the logs of several programs stay apart.
    pub(super) fn print(&self) {
        let text = self.text();
        let _ = writeln!(std::io::stderr().lock(), "--- the program's log ---\n{text}\n--- end of the log ---");
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
