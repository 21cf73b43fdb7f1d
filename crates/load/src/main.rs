//! The load client: measures Parlor beside its floor and peers, and is two of them itself.

#![forbid(unsafe_code)]

use std::{
    io::{Read as _, Write as _, stdin, stdout},
    net::TcpListener,
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use parlor_load::{
    broadcast,
    crowd::Stop,
    floor,
    measure::{Bench, Part},
    report,
    scale::{Programs, Scale},
};
use tokio::signal::unix::{SignalKind, signal};

/// Measures Parlor beside its floor and its peers. PARLOR_BIN names the program that is measured.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    /// Folder of the peer in Node, its dependencies installed.
    #[arg(long, value_name = "FOLDER")]
    ws: Option<PathBuf>,
    /// Folder into which performance.json and performance.svg are written, and the table of its performance.md.
    #[arg(long, value_name = "FOLDER")]
    docs: Option<PathBuf>,
    /// A broker over which commands are measured, too: amqp://…
    #[arg(long, env = "PARLOR_TEST_AMQP_URL", value_name = "URL")]
    broker_url: Option<String>,
    /// As little as shows that everything works.
    #[arg(long)]
    smoke: bool,
    /// Measures this alone; can be given several times. Nothing is written into the docs then.
    #[arg(long, value_name = "PART")]
    only: Vec<Part>,
    /// Rounds of every measurement.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The floor of fan-out, for so many sockets and frames of so many bytes.
    Floor { sockets: usize, frame_bytes: usize },
    /// The peer in Rust.
    Tungstenite,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match cli.role {
        Some(Role::Floor { sockets, frame_bytes }) => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            announce(listener.local_addr()?.port())?;
            end_with_input();
            floor::serve(&listener, sockets, frame_bytes)
        }
        Some(Role::Tungstenite) => runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            announce(listener.local_addr()?.port())?;
            end_with_input();
            broadcast::serve(listener).await
        }),
        None => bench(cli, &runtime),
    }
}

fn announce(port: u16) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "listening on {port}")?;
    Ok(out.flush()?)
}

/// Ends this process with its standard input: whoever started it is gone, however that came about.
fn end_with_input() {
    std::thread::spawn(|| {
        // An error is an end, too.
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

fn bench(cli: Cli, runtime: &tokio::runtime::Runtime) -> Result<()> {
    let mut scale = if cli.smoke { Scale::smoke() } else { Scale::full() };
    scale.rounds = cli.rounds.unwrap_or(scale.rounds).max(1);
    let own = std::env::current_exe().context("this program's own path")?;
    let programs = Programs { own, ws: cli.ws, broker_url: cli.broker_url };
    let stop = Stop::default();
    let asked = stop.clone();
    let mut signals = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    runtime.spawn(async move {
        tokio::select! {
            _ = signals.0.recv() => {}
            _ = signals.1.recv() => {}
        }
        asked.ask();
    });
    let figures = Bench { only: cli.only.clone(), scale, programs, runtime: runtime.handle().clone(), stop }.run()?;
    let table = report::table(&figures);
    stdout().write_all(table.as_bytes())?;
    if let Some(docs) = cli.docs.filter(|_| cli.only.is_empty()) {
        let write = |name: &str, text: &str| {
            let path = docs.join(name);
            std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
        };
        write("performance.json", &(serde_json::to_string_pretty(&figures)? + "\n"))?;
        write("performance.svg", &report::chart::draw(&figures))?;
        let page = docs.join("performance.md");
        let text = std::fs::read_to_string(&page).with_context(|| format!("{} cannot be read", page.display()))?;
        write("performance.md", &report::put_into(&text, &table)?)?;
    }
    Ok(())
}
