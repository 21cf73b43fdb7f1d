//! The installation's secret, made on the first start and kept in the data folder, for its owner's eyes only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::settings::{Secret, Unusable, check_secret};

const FILE: &str = "secret";

/// The secret of this data folder, both of which are made if they are not there. However many processes start
/// at once, all get the same.
///
/// # Errors
/// If the folder or the file cannot be made or read, or holds no secret.
pub fn in_folder(data: &Path) -> Result<Secret> {
    make_folder(data)?;
    let file = data.join(FILE);
    if let Some(secret) = read(&file)? {
        return Ok(secret);
    }
    let draft = data.join(format!("{FILE}.{:016x}", u64::from_ne_bytes(random()?)));
    let made = write_new(&draft, &hex(&random::<32>()?)).and_then(|()| match fs::hard_link(&draft, &file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error), // whoever was first has made it
        _ => File::open(data)?.sync_all(),
    });
    let removed = fs::remove_file(&draft);
    made.and(removed).with_context(|| format!("the secret could not be kept in {}", file.display()))?;
    read(&file)?.with_context(|| format!("{} went away", file.display()))
}

/// The secret that an earlier start has made in this data folder.
///
/// # Errors
/// If the file is there and holds none.
pub fn kept_in(data: &Path) -> Result<Option<Secret>> {
    read(&data.join(FILE))
}

/// Makes the data folder, for its owner alone, if it is not there.
///
/// # Errors
/// If it cannot be made.
pub fn make_folder(data: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("the data folder {} could not be made", data.display()))
}

fn read(file: &Path) -> Result<Option<Secret>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("{} could not be read", file.display())),
    };
    let secret = Secret::new(text.trim());
    check_secret(&secret).map_err(|error| Unusable::new(format!("{}: {error}", file.display())))?;
    Ok(Some(secret))
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// Bytes that nobody can guess.
///
/// # Errors
/// If the system has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, sync::Barrier, thread};

    use super::*;

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new").join("data");
        let first = in_folder(&data).unwrap();
        assert_eq!(first.reveal().len(), 64);
        assert_eq!(in_folder(&data).unwrap(), first);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data.join(FILE)), mode(&data)), (0o600, 0o700));
        assert_eq!(fs::read_dir(&data).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn all_who_start_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let start = Barrier::new(8);
        let secrets: Vec<_> = thread::scope(|threads| {
            let one = || {
                start.wait();
                in_folder(folder.path()).unwrap()
            };
            let all: Vec<_> = (0..8).map(|_| threads.spawn(one)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_holds_none_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "oops\n").unwrap();
        assert!(in_folder(folder.path()).unwrap_err().to_string().contains("at least 32 characters"));
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "oops\n");
    }
}
