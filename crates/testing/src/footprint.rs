//! What the program takes of its machine, and what a test may. Linux alone.

use std::fs;

/// Bytes of memory that the process holds now.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line for resident memory");
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a figure");
    kib * 1024
}

/// Files, sockets and whatever else the process has open.
///
/// # Panics
/// If the process is gone.
#[must_use]
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs").count()
}

/// Lets the test itself hold more connections than a system gives unasked.
pub fn allow_many_connections() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("what is allowed can be taken");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_seen() {
        let pid = std::process::id();
        let before = (memory(pid), descriptors(pid));
        let held = vec![1_u8; 64 * 1024 * 1024];
        let open: Vec<_> = (0..50).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        assert!(memory(pid) > before.0 + 32 * 1024 * 1024 && held[held.len() - 1] == 1);
        assert!(descriptors(pid) >= before.1 + 40 && open.len() == 50);
    }
}
