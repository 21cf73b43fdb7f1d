//! Other processes: what they cost, by /proc, and those that the bench starts and ends itself.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};

/// The time that each thread of a process has had on a core.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cpu(BTreeMap<u32, Duration>);

impl Cpu {
    /// # Errors
    /// If the process is gone or the kernel keeps no such account.
    pub fn of(pid: u32) -> Result<Self> {
        let tasks = format!("/proc/{pid}/task");
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(&tasks).with_context(|| format!("{tasks} cannot be read"))? {
            let path = task?.path();
            let tid = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            // A thread may have ended since.
            let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
            if let (Some(tid), Some(time)) = (tid, on_core(&text)) {
                threads.insert(tid, time);
            }
        }
        Ok(Self(threads))
    }

    /// What all threads had since then; one that began meanwhile counts from its beginning.
    #[must_use]
    pub fn since(&self, before: &Self) -> Duration {
        let since =
            |(tid, time): (&u32, &Duration)| time.saturating_sub(before.0.get(tid).copied().unwrap_or_default());
        self.0.iter().map(since).sum()
    }
}

/// The first of schedstat's three figures: nanoseconds on a core.
fn on_core(text: &str) -> Option<Duration> {
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Bytes of memory that a process holds (resident set).
///
/// # Errors
/// If the process is gone.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    resident(&status).with_context(|| format!("{path} has no VmRSS"))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// A peer: a program that says `listening on PORT` and ends with its standard input. Dropped, it is killed.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    /// # Errors
    /// If it cannot be started or does not say where it listens.
    pub fn start(program: &Path, arguments: &[String]) -> Result<Self> {
        let what = || format!("{} {}", program.display(), arguments.join(" "));
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", what()))?;
        let mut line = String::new();
        let said = child.stdout.take().ok_or_else(|| anyhow!("no output"));
        let read = said.and_then(|said| Ok(BufReader::new(said).read_line(&mut line)?));
        let port = line.trim().strip_prefix("listening on ").and_then(|port| port.parse().ok());
        let mut peer = Self { child, port: 0 };
        read?;
        peer.port = port.with_context(|| format!("{} said {line:?} and not where it listens", what()))?;
        Ok(peer)
    }
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets this process, and those it starts, open as many files as it may. How many that is.
#[must_use]
pub fn open_many_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // What is already allowed is enough to go on with.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_accounts_are_read() {
        assert_eq!(on_core("181591825 17297732 412\n"), Some(Duration::from_nanos(181_591_825)));
        assert_eq!(on_core(""), None);
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t   2048 kB\nThreads:\t3\n"), Some(2 * 1024 * 1024));
        assert_eq!(resident("VmPeak:\t 9 kB\n"), None);
    }

    #[test]
    fn time_is_counted_by_thread() {
        let cpu =
            |threads: &[(u32, u64)]| Cpu(threads.iter().map(|&(tid, ms)| (tid, Duration::from_millis(ms))).collect());
        let (before, after) = (cpu(&[(1, 100), (2, 50)]), cpu(&[(1, 130), (3, 5)]));
        assert_eq!(after.since(&before), Duration::from_millis(35));
    }

    #[test]
    fn this_process_has_a_cost() {
        let pid = std::process::id();
        assert!(Cpu::of(pid).unwrap().since(&Cpu::default()) > Duration::ZERO);
        assert!(resident_bytes(pid).unwrap() > 100_000);
        assert!(Cpu::of(0).is_err());
    }
}
