//! The program `parlor`: command line, settings and wiring; what it wires is in the other crates.
//!
//! * [`cli`], [`settings`]: what was asked for
//! * [`serve`], [`apart`], [`user`]: doing it; [`run`](mod@run): from start to exit, signals included
//! * [`services`]: what each is told; [`meeting`]: the broker between them; [`entrance`]: where a process is reached
//! * [`hold`]: one process a store; [`files`]: how many it may have open
//! * [`page`]: the files of the page; [`secret`]: the installation's; [`telemetry`]: logs and metrics

#![forbid(unsafe_code)]

mod apart;
mod cli;
mod entrance;
mod files;
mod hold;
mod meeting;
mod page;
mod run;
mod secret;
mod serve;
mod services;
mod settings;
mod telemetry;
mod user;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    run::run(cli::Cli::parse())
}
