//! The real program: a process in a temporary folder, on a port of its own, that a test starts, stops and kills.

use std::{
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use parlor_protocol::http::{LoginAnswer, Readiness};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

use crate::{
    Answer, Person, Quotes, Rabbit, Tab, eventually,
    person::{call, http_client, upgrade},
    soon,
};

mod log;

pub use log::Log;

/// How the program is to be started.
#[derive(Debug, Clone)]
pub struct Setup {
    service: &'static [&'static str],
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    listen: String,
    open_files: Option<u32>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            service: &["serve"],
            arguments: Vec::new(),
            settings: Vec::new(),
            listen: "127.0.0.1:0".to_owned(),
            open_files: None,
        }
    }
}

impl Setup {
    /// In demo mode, as `parlor serve --demo`.
    #[must_use]
    pub fn demo() -> Self {
        Self::default().argument("--demo")
    }
    /// One service alone, as `&["bot", "stock"]`; without demo mode.
    #[must_use]
    pub fn service(service: &'static [&'static str]) -> Self {
        Self { service, ..Self::default() }
    }
    /// At this broker, under this installation's names.
    #[must_use]
    pub fn meets_at(self, broker_url: &str, rabbit: &Rabbit) -> Self {
        self.set("PARLOR_BROKER_URL", broker_url).set("PARLOR_BROKER_PREFIX", rabbit.prefix())
    }
    /// One more argument of the command line.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }
    /// A setting by its variable, e.g. `PARLOR_PING_INTERVAL`.
    #[must_use]
    pub fn set(mut self, variable: &str, value: &str) -> Self {
        self.settings.push((variable.to_owned(), value.to_owned()));
        self
    }
    /// Given so many open files unasked, as most systems give a thousand; more if it asks. Linux alone.
    #[must_use]
    pub fn is_given_open_files(mut self, files: u32) -> Self {
        self.open_files = Some(files);
        self
    }
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }
    /// Asks this provider for quotes, and no other.
    #[must_use]
    pub fn quotes_from(self, quotes: &Quotes) -> Self {
        self.set("PARLOR_STOCK_URL", &quotes.url())
    }
    /// Starts it and waits until it can take traffic.
    pub async fn starts(self) -> Parlor {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut parlor = Parlor { folder, setup: self, port: 0, process: None, log: Log::default() };
        parlor.starts_again().await;
        parlor
    }
    /// Starts it for a start that it should refuse: its exit and what it said.
    pub async fn ends(self) -> (ExitStatus, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = self.command(folder.path()).kill_on_drop(true).output();
        let output = soon("end", output).await.expect("the program can be started");
        (output.status, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = program(folder, &self.settings, self.open_files);
        command.args(self.service).args(["--listen", &self.listen]).args(&self.arguments);
        command
    }
}

/// The program within a folder, with these settings and no others from the outside.
fn program(folder: &Path, settings: &[(String, String)], open_files: Option<u32>) -> Command {
    let mut command = Command::new(open_files.map_or_else(binary, |_| "prlimit".into()));
    if let Some(files) = open_files {
        command.arg(format!("--nofile={files}:")).arg(binary());
    }
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PARLOR_")) {
        command.env_remove(variable);
    }
    command.current_dir(folder).env("PARLOR_DATA", folder.join("data"));
    command.envs(settings.iter().map(|(variable, value)| (variable, value)));
    command
}

/// `PARLOR_BIN`, or the program built beside this test.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("PARLOR_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test's own path");
    let built = test.ancestors().nth(2).expect("target/debug/deps/test").join("parlor");
    assert!(built.exists(), "there is no {}: build the program, or set PARLOR_BIN", built.display());
    built
}

/// The running program. Dropped, it is killed; if the test failed, its log is printed.
#[derive(Debug)]
pub struct Parlor {
    folder: TempDir,
    setup: Setup,
    port: u16,
    process: Option<Child>,
    log: Log,
}

impl Parlor {
    /// In demo mode, with its default settings.
    pub async fn starts() -> Self {
        Setup::demo().starts().await
    }

    /// Starts in the same folder and, if it has run before, on the same port.
    ///
    /// # Panics
    /// If it ends, or is not ready in time.
    pub async fn starts_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let mut setup = self.setup.clone();
        if self.port != 0 {
            setup.listen = format!("127.0.0.1:{}", self.port);
        }
        let mut command = setup.command(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program can be started");
        self.log = Log::default();
        self.log.follow(&mut child);
        self.process = Some(child);
        self.port = soon("line `listening on http://…`", self.log.port()).await;
        let client = http_client();
        eventually("readiness", async || {
            let ready = client.get(self.url("/readyz")).send().await.ok()?;
            ready.status().is_success().then_some(())
        })
        .await;
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub async fn stops(&mut self) -> (ExitStatus, Duration) {
        self.is_told_to_stop();
        self.ends().await
    }

    /// Sends SIGTERM and does not wait.
    ///
    /// # Panics
    /// If it does not run.
    pub fn is_told_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Ends it without any warning (SIGKILL).
    pub async fn is_killed(&mut self) {
        self.signal("-KILL");
        self.ends().await;
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not run, or does not end.
    pub async fn ends(&mut self) -> (ExitStatus, Duration) {
        let mut child = self.process.take().expect("it runs");
        let since = Instant::now();
        let status = soon("end of the program", child.wait()).await.expect("its status");
        (status, since.elapsed())
    }

    fn signal(&self, signal: &str) {
        let sent = std::process::Command::new("kill").args([signal, &self.pid().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the program is gone already");
    }

    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("it runs")
    }
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
    /// Where it keeps its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
    /// What it has written to its log since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Another call of the program over the same data, as `parlor user add`.
    ///
    /// # Panics
    /// If it cannot be started or does not end.
    pub async fn runs(&self, arguments: &[&str], input: &str) -> (ExitStatus, String) {
        let mut command = program(self.folder.path(), &self.setup.settings, None);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program can be started");
        let mut stdin = child.stdin.take().expect("it was piped");
        // It may end without having read everything.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = soon("end", child.wait_with_output()).await.expect("its output");
        (output.status, String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// A request by nobody in particular, to be given what it needs and sent by [`Answer::of`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        http_client().request(method, self.url(path))
    }
    /// A call by nobody in particular.
    pub async fn call(&self, method: Method, path: &str) -> Answer {
        Answer::of(self.request(method, path)).await
    }
    /// `GET` by nobody in particular.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).await
    }
    /// A login as it is answered, with a token on success.
    pub async fn tries_to_log_in(&self, username: &str, password: &str) -> Answer {
        let login = json!({"username": username, "password": password, "token": true});
        call(&http_client(), Method::POST, &self.url("/api/auth/login"), Some(&login), None).await
    }
    /// One of the demo people.
    pub async fn log_in(&self, username: &str) -> Person {
        self.log_in_with(username, "1234").await
    }
    /// Somebody with a password of their own.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn log_in_with(&self, username: &str, password: &str) -> Person {
        let answer: LoginAnswer = self.tries_to_log_in(username, password).await.expect(200).json();
        Person::new(self.port, answer.user, answer.token.expect("a token was asked for"))
    }
    /// Opens a socket with these headers; the status if the upgrade is refused.
    ///
    /// # Errors
    /// The refusal's status.
    pub async fn opens_socket(&self, headers: &[(&'static str, &str)]) -> Result<Tab, u16> {
        let mut request = upgrade(self.port);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header's value"));
        }
        Tab::tries(request).await
    }
    /// What `/readyz` says.
    pub async fn readiness(&self) -> Readiness {
        self.get("/readyz").await.json()
    }
    /// The figures of `/metrics` whose name begins so, added up.
    pub async fn metric(&self, name: &str) -> f64 {
        let metrics = self.get("/metrics").await.expect(200);
        let of_name = |line: &&str| line.starts_with(name) && line[name.len()..].starts_with(['{', ' ']);
        metrics.body.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Parlor {
    fn drop(&mut self) {
        if let Some(child) = &mut self.process {
            // It may have ended by itself.
            let _ = child.start_kill();
        }
        if std::thread::panicking() {
            self.log.print();
        }
    }
}
