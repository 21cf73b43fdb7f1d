//! One process serves a store. A second one would tell its own people only what it writes itself.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, Result};

/// A store that this process alone serves, for as long as this lives; the system lets go of it if the process dies.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// # Errors
/// A sentence that names the store, if another process serves it.
pub fn hold(store: &Path) -> Result<Held> {
    let mut name = store.as_os_str().to_owned();
    name.push(".serving");
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&name);
    let file = file.with_context(|| format!("{} cannot be made", Path::new(&name).display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Held { _lock: file }),
        Err(TryLockError::WouldBlock) => {
            anyhow::bail!("another Parlor serves {}: stop it, or choose another --data.", store.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", Path::new(&name).display()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_served_by_one_and_can_be_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("chat.db");
        let first = hold(&store).unwrap();
        let error = hold(&store).unwrap_err().to_string();
        assert!(error.starts_with("another Parlor serves ") && error.contains("chat.db"), "{error}");
        drop(first);
        hold(&store).unwrap();
    }
}
