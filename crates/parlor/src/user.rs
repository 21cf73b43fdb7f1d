//! `parlor user …`: accounts by command, on the accounts' own store, while Parlor runs or not.

use std::{
    fmt::Display,
    fs::File,
    io::{self, BufRead, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use parlor_auth::{Account, People, import};
use parlor_protocol::{
    http::Password,
    names::{Name, Username},
};

use crate::{
    cli::User,
    secret,
    services::accounts_file,
    settings::{Settings, Unusable},
};

/// More than a password may have.
const PASSWORD_LINE: u64 = 16 * 1024;

/// Makes or changes accounts, and says on standard output what it did.
///
/// # Errors
/// What stands in the way, in a sentence.
pub async fn carry_out(asked: User, settings: &Settings) -> Result<()> {
    let store = accounts_file(settings)?;
    let unusable = |error: &dyn Display| Unusable::new(error.to_string());
    // What was asked for is checked before the store is touched, or made.
    let done = match asked {
        User::Add { username, name, password_stdin, admin } => {
            let (password, told) = if password_stdin {
                (first_line(io::stdin().lock())?, String::new())
            } else {
                let made_up = secret::hex(&secret::random::<12>()?);
                let told = format!("; the password is {made_up}");
                (Password(made_up), told)
            };
            let account =
                Account::new(&username, name.as_deref(), password, admin).map_err(|error| unusable(&error))?;
            let person = open(settings, &store).await?.add(account).await?;
            format!("{} was added{told}", person.username.as_str())
        }
        User::Import { file } => {
            let shown = file.display().to_string();
            let reader = File::open(&file).with_context(|| format!("{shown} cannot be read"))?;
            let accounts = import::read(reader).map_err(|error| Unusable::new(format!("{shown}: {error}")))?;
            let asked = accounts.len();
            let added = open(settings, &store).await?.add_all(accounts).await?;
            format!("{added} of {asked} accounts were added, {} existed already", asked - added)
        }
        User::Rename { username, name } => {
            let username = Username::parse(&username).map_err(|error| unusable(&error))?;
            let name = Name::parse(&name).map_err(|error| unusable(&error))?;
            let person = open(settings, &store).await?.rename(&username, &name).await?;
            format!("{} is now shown as {}", person.username.as_str(), person.name.as_str())
        }
        User::Deactivate { username } => {
            let username = Username::parse(&username).map_err(|error| unusable(&error))?;
            open(settings, &store).await?.deactivate(&username).await?;
            format!("{} can log in no more", username.as_str())
        }
    };
    writeln!(io::stdout(), "{done}").context("standard output cannot be written to")
}

async fn open(settings: &Settings, store: &Path) -> Result<People> {
    if settings.database_url.is_none() {
        secret::make_folder(&settings.data)?;
    }
    People::open(store).await.with_context(|| format!("the accounts in {} cannot be opened", store.display()))
}

fn first_line(input: impl BufRead) -> Result<Password> {
    let mut line = String::new();
    input.take(PASSWORD_LINE).read_line(&mut line).context("the password cannot be read from standard input")?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Password(password.strip_suffix('\r').unwrap_or(password).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_with_its_blanks() {
        for (input, password) in [("hi there \nrest", "hi there "), ("pass\r\n", "pass"), ("pass", "pass"), ("", "")] {
            assert_eq!(first_line(input.as_bytes()).unwrap().0, password);
        }
    }
}
