//! A bot as a process of its own, that a test starts, stops, freezes and kills.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use parlor_testing::{eventually, soon};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The running bot. Dropped, it is killed; if the test failed, its log is printed.
pub struct Bot {
    name: &'static str,
    process: Child,
    folder: TempDir,
}

/// `examples/dice-bot`, by the Python that `make test-rust` sets up for it.
pub fn dice() -> (&'static str, Command) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join("target/tools/bots-venv/bin/python");
    assert!(python.exists(), "there is no Python for the bots: run make test-rust, or make bots-venv alone");
    let mut command = Command::new(python);
    command.arg(root.join("examples/dice-bot/dice_bot.py")).env("PYTHONUNBUFFERED", "1");
    ("dice-bot", command)
}

/// `examples/choosing-bot`, built beside this test.
pub fn chooser() -> (&'static str, Command) {
    let test = std::env::current_exe().expect("the test's own path");
    let built: PathBuf = test.ancestors().nth(2).expect("target/debug/deps/test").join("choosing-bot");
    assert!(built.exists(), "there is no {}: build it with cargo build -p choosing-bot", built.display());
    ("choosing-bot", Command::new(built))
}

impl Bot {
    /// Starts it with these settings.
    pub fn starts((name, mut command): (&'static str, Command), broker_url: &str, prefix: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = File::create(folder.path().join("log")).expect("a file for its log");
        command.env("PARLOR_BROKER_URL", broker_url).env("PARLOR_BROKER_PREFIX", prefix).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        Self { name, process: command.spawn().expect("the bot can be started"), folder }
    }

    /// What it has written.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
    /// Waits until it has written this.
    pub async fn writes(&self, text: &str) {
        eventually(&format!("{text:?} in the log of {}", self.name), async || self.log().contains(text).then_some(()))
            .await;
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub async fn stops(&mut self) -> ExitStatus {
        self.is_told_to_stop();
        self.ends().await
    }
    pub fn is_told_to_stop(&self) {
        self.signal("-TERM");
    }
    /// Lets it stand still, with what it has in hand (SIGSTOP).
    pub fn freezes(&self) {
        self.signal("-STOP");
    }
    /// Ends it without any warning (SIGKILL).
    pub async fn is_killed(&mut self) {
        self.signal("-KILL");
        self.ends().await;
    }
    pub async fn ends(&mut self) -> ExitStatus {
        soon("end of the bot", self.process.wait()).await.expect("its status")
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the bot is gone already");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr().lock(), "--- log of {} ---\n{}--- its end ---", self.name, self.log());
        }
    }
}
