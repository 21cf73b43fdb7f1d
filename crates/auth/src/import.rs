//! Accounts from a CSV file with the header `username,name,password` or `username,name,password,admin`. An empty name
//! is the username; `admin` is `true`, `false` or empty. Must not know where the accounts go.

use std::{collections::HashSet, io::Read};

use parlor_protocol::http::Password;
use serde::Deserialize;

use crate::people::{Account, InvalidAccount};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    username: String,
    name: String,
    password: Password,
    admin: Option<bool>,
}

/// What is wrong with the file; nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum InvalidFile {
    #[error("{}", without_contents(.0))]
    Csv(csv::Error),
    #[error("line {line}: {reason}")]
    Account { line: u64, reason: InvalidAccount },
    #[error("line {line}: this username stands in the file twice")]
    Twice { line: u64 },
}

/// # Errors
/// [`InvalidFile`], with the line.
pub fn read(file: impl Read) -> Result<Vec<Account>, InvalidFile> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(file);
    let headers = reader.headers().map_err(InvalidFile::Csv)?.clone();
    let mut accounts = Vec::new();
    let mut usernames = HashSet::new();
    for record in reader.records() {
        let record = record.map_err(InvalidFile::Csv)?;
        let line = record.position().map_or(0, csv::Position::line);
        let Line { username, name, password, admin } = record.deserialize(Some(&headers)).map_err(InvalidFile::Csv)?;
        let name = Some(name.as_str()).filter(|name| !name.trim().is_empty());
        let account = Account::new(&username, name, password, admin.unwrap_or(false))
            .map_err(|reason| InvalidFile::Account { line, reason })?;
        if !usernames.insert(account.username.clone()) {
            return Err(InvalidFile::Twice { line });
        }
        accounts.push(account);
    }
    Ok(accounts)
}

/// The reader's own words may quote a line, and so a password.
fn without_contents(error: &csv::Error) -> String {
    let line = error.position().map(csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        csv::ErrorKind::Utf8 { .. } => "this is no UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} fields in place of {expected_len}"),
        csv::ErrorKind::Deserialize { err, .. } => match err.field() {
            Some(field) => format!("field {} does not fit", field + 1),
            None => "the header must be username,name,password or username,name,password,admin".to_owned(),
        },
        _ => "this is no CSV".to_owned(),
    };
    line.map_or_else(|| reason.clone(), |line| format!("line {line}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(file: &str) -> String {
        read(file.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn accounts_are_read_with_and_without_admin() {
        let plain = read("username,name,password\nann,Ann A.,\"pass, word\"\nBob,,secret\n".as_bytes()).unwrap();
        let shown: Vec<_> = plain.iter().map(|account| account.username.as_str()).collect();
        assert_eq!(shown, ["ann", "bob"]);
        let with_admin = "password, username ,name,admin\npw,root,Root,true\npw,ann,Ann,\n";
        assert_eq!(read(with_admin.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_without_the_password() {
        let header = "username,name,password,admin\n";
        for (lines, words) in [
            ("ann,Ann,secret,false\nno spaces,,secret,\n", "line 3: A username"),
            ("ann,Ann,secret,\nANN,,secret,\n", "line 3: this username"),
            ("ann,Ann,secret\n", "line 2: 3 fields in place of 4"),
            ("ann,Ann,secret,secret\n", "line 2: field 4"),
            ("ann,Ann,,\n", "line 2: A password"),
        ] {
            let message = refused(&format!("{header}{lines}"));
            assert!(message.contains(words), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
        assert!(refused("user,pass\nann,secret\n").contains("header"));
    }
}
