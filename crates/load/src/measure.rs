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

/// The measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    FanOut,
    LargeRoom,
    Memory,
    Acks,
    Commands,
}

/// What every measurement needs.
#[derive(Debug)]
pub struct Bench {
    /// What is measured: everything, if nothing is named.
    pub only: Vec<Part>,
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
    pub fan_out: Option<fanout::FanOut>,
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
    /// Measures everything that was asked for.
    ///
    /// # Errors
    /// If a server fails, or the run is asked to stop.
    pub fn run(&self) -> Result<Figures> {
        let mut scale = self.scale.clone();
        let files = process::open_many_files();
        // A server and the client are two processes; each needs a few files for other things than sockets.
        let most = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(500);
        if scale.large.is_some_and(|large| large > most) {
            say(&format!("{files} files may be open: the large room has {most} members"));
            scale.large = Some(most);
        }
        let large_room = || match scale.large {
            Some(large) => fanout::measure(self, large, &[]).map(Some),
            None => Ok(None),
        };
        Ok(Figures {
            fan_out: self.part(Part::FanOut, || fanout::measure(self, scale.members, &self.peers()))?,
            large_fan_out: self.part(Part::LargeRoom, large_room)?.flatten(),
            memory: self.part(Part::Memory, || memory::measure(self))?.unwrap_or_default(),
            acks: self.part(Part::Acks, || acks::measure(self))?.unwrap_or_default(),
            commands: self.part(Part::Commands, || commands::measure(self))?.unwrap_or_default(),
            machine: Machine::here(),
            scale: scale.clone(),
        })
    }

    /// A measurement, unless others are asked for.
    fn part<T>(&self, part: Part, measure: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
        if !self.only.is_empty() && !self.only.contains(&part) {
            return Ok(None);
        }
        say(&format!("{part:?} …"));
        measure().map(Some)
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
