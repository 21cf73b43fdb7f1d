//! The command line: which part of Parlor to start or what to do, and the settings as flags.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::settings;

/// A team chat of three services: accounts, chat rooms, and bots that answer commands.
///
/// Without a command everything runs in this one process.
#[derive(Debug, Parser)]
#[command(name = "parlor", version)]
pub struct Cli {
    /// The settings file; parlor.toml if there is one.
    #[arg(long, global = true, env = "PARLOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    #[command(flatten)]
    pub settings: settings::Layer,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run all services in this process.
    Serve,
    /// Run the accounts' service alone.
    Auth,
    /// Run the chat alone; it is the front of the one address that people use.
    Chat,
    /// Run a bot alone.
    #[command(subcommand)]
    Bot(Bot),
    /// Make and change accounts, while Parlor runs or not.
    #[command(subcommand)]
    User(User),
    /// Print a settings file with every setting explained.
    Config,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Bot {
    /// Answers /stock with quotes.
    Stock,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum User {
    /// Make an account. Its password is made up and printed, unless it comes on standard input.
    Add {
        /// What the person logs in with.
        #[arg(value_name = "NAME")]
        username: String,
        /// What the person is shown by; NAME unless given.
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Read the password from standard input: its first line.
        #[arg(long)]
        password_stdin: bool,
        /// Make the account an administrator's.
        #[arg(long)]
        admin: bool,
    },
    /// Make the accounts of a CSV file with the header username,name,password or username,name,password,admin. Those
    /// that exist are left alone.
    Import { file: PathBuf },
    /// Change what a person is shown by, on old messages too.
    Rename {
        #[arg(value_name = "NAME")]
        username: String,
        /// What the person is shown by from now on.
        #[arg(value_name = "TEXT")]
        name: String,
    },
    /// Let a person log in no more, and end their sessions.
    Deactivate {
        #[arg(value_name = "NAME")]
        username: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        assert_eq!(parse("parlor").unwrap().command, None);
        assert_eq!(parse("parlor serve").unwrap().command, Some(Command::Serve));
        assert_eq!(parse("parlor bot stock").unwrap().command, Some(Command::Bot(Bot::Stock)));
    }

    #[test]
    fn settings_stand_before_or_after_the_command() {
        for line in ["parlor --demo --data /d serve", "parlor serve --data=/d --demo", "parlor --data /d --demo=true"] {
            let settings = parse(line).unwrap().settings;
            assert_eq!((settings.demo, settings.data), (Some(true), Some("/d".into())), "{line}");
        }
        let off = parse("parlor serve --demo=false").unwrap();
        assert_eq!(off.settings.demo, Some(false), "the file's demo = true can be undone");
    }

    #[test]
    fn a_list_of_networks_has_commas() {
        let settings = parse("parlor --trusted-proxies 10.0.0.0/8,fd00::/8").unwrap().settings;
        assert_eq!(settings.trusted_proxies.unwrap().len(), 2);
    }

    #[test]
    fn accounts_are_made_by_name() {
        let add = parse("parlor user add ann --password-stdin --data /d").unwrap();
        let expected = User::Add { username: "ann".into(), name: None, password_stdin: true, admin: false };
        assert_eq!(add.command, Some(Command::User(expected)));
        assert_eq!(add.settings.data, Some("/d".into()));
    }

    #[test]
    fn nonsense_is_a_usage_error() {
        for line in ["parlor fly", "parlor user", "parlor bot", "parlor --listen here", "parlor --ping-interval 0s"] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
