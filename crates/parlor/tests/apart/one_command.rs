//! `make cluster`: one command starts the three, and stops them; one that ends takes the others with it.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use parlor_protocol::http::{Commands, LoginAnswer};
use parlor_testing::{Rabbit, eventually, rabbit, soon};
use serde_json::json;
use tempfile::TempDir;

struct Running {
    script: tokio::process::Child,
    chat: u16,
    rabbit: Rabbit,
    _data: TempDir,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

async fn runs() -> Running {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/cluster");
    let (data, rabbit) = (tempfile::tempdir().expect("a folder"), Rabbit::default());
    let (auth, chat) = (free_port(), free_port());
    let script = tokio::process::Command::new(script)
        .env("PARLOR_BIN", env!("CARGO_BIN_EXE_parlor"))
        .env("PARLOR_BROKER_URL", rabbit::url())
        .env("PARLOR_BROKER_PREFIX", rabbit.prefix())
        .env("DATA", data.path().join("data"))
        .env("AUTH_LISTEN", format!("127.0.0.1:{auth}"))
        .env("CHAT_LISTEN", format!("127.0.0.1:{chat}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the script");
    let running = Running { script, chat, rabbit, _data: data };
    eventually("/stock in the catalogue", async || running.can_use_stock().await.then_some(())).await;
    running
}

impl Running {
    async fn can_use_stock(&self) -> bool {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let url = |path: &str| format!("http://127.0.0.1:{}{path}", self.chat);
        let login = json!({"username": "carlos", "password": "1234", "token": true});
        let Ok(answer) = client.post(url("/api/auth/login")).json(&login).send().await else { return false };
        let Ok(LoginAnswer { token: Some(token), .. }) = answer.json().await else { return false };
        let commands = client.get(url("/api/commands")).bearer_auth(token).send().await.expect("the chat");
        commands.json::<Commands>().await.expect("a catalogue").commands.iter().any(|command| command.name == "stock")
    }

    fn id(&self) -> String {
        self.script.id().expect("it runs").to_string()
    }

    /// The processes of the services.
    fn services(&self) -> Vec<String> {
        let children = Command::new("pgrep").args(["-P", &self.id()]).output().expect("pgrep");
        String::from_utf8(children.stdout).expect("numbers").split_whitespace().map(str::to_owned).collect()
    }

    async fn ends(&mut self, services: &[String]) -> Option<i32> {
        let status = soon("end of the script", self.script.wait()).await.expect("its status");
        for service in services {
            assert!(!Path::new("/proc").join(service).exists(), "{service} runs on");
        }
        self.rabbit.tidy(&["stock"]).await;
        status.code()
    }
}

impl Drop for Running {
    /// A test that failed leaves no services behind.
    fn drop(&mut self) {
        if let Some(id) = self.script.id() {
            // It may have ended by itself.
            let _ = Command::new("kill").arg(id.to_string()).status();
        }
    }
}

fn kill(signal: &str, id: &str) {
    assert!(Command::new("kill").args([signal, id]).status().is_ok_and(|status| status.success()));
}

#[tokio::test]
async fn it_stops_them_all() {
    let mut running = runs().await;
    let services = running.services();
    assert_eq!(services.len(), 3);
    kill("-TERM", &running.id());
    assert_eq!(running.ends(&services).await, Some(0));
}

#[tokio::test]
async fn one_that_dies_takes_the_others_with_it() {
    let mut running = runs().await;
    let services = running.services();
    kill("-KILL", &services[0]);
    assert_eq!(running.ends(&services).await, Some(1));
}
