//! The measurements, one after the other. Each starts its servers and ends them.

use std::io::{Write as _, stderr};

use anyhow::Result;
use serde::Serialize;
use tokio::runtime::Handle;

use crate::{
    crowd::Stop,
    process,
    scale::{Programs, Scale},
};

pub mod acks;
pub mod commands;
pub mod fanout;
pub mod memory;

/// What every measurement needs.
#[derive(Debug)]
pub struct Bench {
    pub scale: Scale,
    pub programs: Programs,
    pub runtime: Handle,
    pub stop: Stop,
}

/// All of a run's figures.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub scale: Scale,
    pub machine: Machine,
    pub fan_out: fanout::FanOut,
    pub large_fan_out: Option<fanout::FanOut>,
    pub memory: Vec<memory::Memory>,
    pub acks: Vec<acks::Acks>,
    pub commands: Vec<commands::Commands>,
}

/// What the figures were taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub kernel: String,
}

impl Machine {
    #[must_use]
    pub fn here() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned()));
        // What follows the version names who built it.
        let kernel = read("/proc/sys/kernel/osrelease").split('-').next().unwrap_or_default().trim().to_owned();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { cores, processor: processor.unwrap_or_else(|| "unknown".to_owned()), kernel }
    }
}

impl Bench {
    /// Measures everything.
    ///
    /// # Errors
    /// If a server fails, or the run is asked to stop.
    pub fn run(&self) -> Result<Figures> {
        let files = process::open_many_files();
        let mut scale = self.scale.clone();
        // A few files are for other things than sockets; the floor of a room needs as many as Parlor does.
        let most = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(500) / 2;
        if scale.large.is_some_and(|large| large > most) {
            say(&format!("{files} files may be open: the large room has {most} members"));
            scale.large = Some(most);
        }
        say("fan-out …");
        let fan_out = fanout::measure(self, scale.members, &self.peers())?;
        let large = scale.large.map(|large| {
            say("fan-out in a large room …");
            fanout::measure(self, large, &[])
        });
        say("memory of idle sockets …");
        let memory = memory::measure(self)?;
        say("durable acks …");
        let acks = acks::measure(self)?;
        say("commands …");
        let commands = commands::measure(self)?;
        Ok(Figures {
            scale,
            machine: Machine::here(),
            fan_out,
            large_fan_out: large.transpose()?,
            memory,
            acks,
            commands,
        })
    }

    /// The peers that take part.
    #[must_use]
    pub fn peers(&self) -> Vec<crate::subject::Name> {
        use crate::subject::Name;
        let ws = self.programs.ws.as_ref().map(|_| Name::Ws);
        std::iter::once(Name::Tungstenite).chain(ws).collect()
    }
}

/// Tells whoever waits what is being done.
fn say(what: &str) {
    // Nobody may be there to read it.
    let _ = writeln!(stderr(), "bench: {what}");
}
