//! Accounts by command. Works on the store alone, beside a running server too, which notices by looking. Must not know
//! HTTP.

use std::path::Path;

use parlor_protocol::{
    auth::Person,
    error::Refusal,
    http::Password,
    ids::PersonId,
    names::{InvalidName, Name, Username},
};

use crate::{
    password::{self, HashingFailed},
    store::{
        port::{self, NewPerson, Store, StoreError},
        sqlite::SqliteStore,
    },
};

/// An account to make; valid once it exists.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) username: Username,
    name: Name,
    password: Password,
    admin: bool,
}

/// Why an account cannot be made as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccount {
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("A password must not be empty.")]
    NoPassword,
    #[error(transparent)]
    Password(#[from] Refusal),
}

impl Account {
    /// `name` is what the person is shown by; without one, the username as it was written.
    ///
    /// # Errors
    /// What is wrong, in words for whoever wrote it. How long a password must be is for that person to decide: they
    /// made it up for somebody who will choose another.
    pub fn new(username: &str, name: Option<&str>, password: Password, admin: bool) -> Result<Self, InvalidAccount> {
        let name = Name::parse(name.unwrap_or(username))?;
        let username = Username::parse(username)?;
        if password.0.is_empty() {
            return Err(InvalidAccount::NoPassword);
        }
        password::check_length(&password)?;
        Ok(Self { username, name, password, admin })
    }
}

/// Why an account was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("there is somebody with the username {} already", .0.as_str())]
    Taken(Username),
    #[error("there is nobody with the username {}", .0.as_str())]
    Unknown(Username),
    #[error(transparent)]
    Hashing(#[from] HashingFailed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The accounts of an installation.
#[derive(Debug)]
pub struct People<S = SqliteStore> {
    store: S,
}

impl People {
    /// Opens the SQLite file, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        Ok(Self { store: SqliteStore::open(file).await? })
    }
}

impl<S: Store> People<S> {
    #[must_use]
    pub fn of(store: S) -> Self {
        Self { store }
    }

    /// # Errors
    /// [`PeopleError::Taken`]
    pub async fn add(&self, account: Account) -> Result<Person, PeopleError> {
        let username = account.username.clone();
        let new = hashed(vec![account]).await?;
        let person = new[0].person.clone();
        if self.store.add_people(&new).await?.is_empty() {
            return Err(PeopleError::Taken(username));
        }
        Ok(person)
    }

    /// Adds all of them in one go, leaving those alone whose usernames are taken. Returns how many were added.
    ///
    /// # Errors
    /// Of the store; then nobody was added.
    pub async fn add_all(&self, accounts: Vec<Account>) -> Result<usize, PeopleError> {
        let mut new = Vec::with_capacity(accounts.len());
        for account in accounts {
            let free = self.store.account(&account.username).await?.is_none(); // hashing is what takes time
            if free {
                new.push(account);
            }
        }
        Ok(self.store.add_people(&hashed(new).await?).await?.len())
    }

    /// # Errors
    /// [`PeopleError::Unknown`]
    pub async fn rename(&self, username: &Username, name: &Name) -> Result<Person, PeopleError> {
        let id = self.find(username).await?.person.id;
        self.store.rename(id, name).await?.ok_or_else(|| PeopleError::Unknown(username.clone()))
    }

    /// Lets a person log in no more, and ends their sessions. It is no error if that was so already.
    ///
    /// # Errors
    /// [`PeopleError::Unknown`]
    pub async fn deactivate(&self, username: &Username) -> Result<(), PeopleError> {
        let id = self.find(username).await?.person.id;
        self.store.deactivate(&[id]).await?;
        Ok(())
    }

    async fn find(&self, username: &Username) -> Result<port::Account, PeopleError> {
        self.store.account(username).await?.ok_or_else(|| PeopleError::Unknown(username.clone()))
    }
}

/// One after the other: beside a running server there is no hurry.
async fn hashed(accounts: Vec<Account>) -> Result<Vec<NewPerson>, HashingFailed> {
    let hash = |Account { username, name, password, admin }| {
        let hash = password::hash(&password).map_err(HashingFailed::Hashing)?;
        Ok(NewPerson { person: Person { id: PersonId::new(), username, name }, admin, hash })
    };
    tokio::task::spawn_blocking(move || accounts.into_iter().map(hash).collect()).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(username: &str, name: Option<&str>) -> Account {
        Account::new(username, name, Password("pass".into()), false).unwrap()
    }

    #[tokio::test]
    async fn an_account_is_made_once_and_found_under_its_username() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(&folder.path().join("auth.db")).await.unwrap();
        let ann = people.add(account("Ann", None)).await.unwrap();
        assert_eq!((ann.username.as_str(), ann.name.as_str()), ("ann", "Ann"));
        assert!(matches!(people.add(account("ANN", None)).await, Err(PeopleError::Taken(_))));
        assert_eq!(people.add_all(vec![account("ann", None), account("bob", Some("Bob B."))]).await.unwrap(), 1);

        let bob = Username::parse("bob").unwrap();
        assert_eq!(people.rename(&bob, &Name::parse("Robert").unwrap()).await.unwrap().name.as_str(), "Robert");
        people.deactivate(&bob).await.unwrap();
        people.deactivate(&bob).await.unwrap();
        assert_eq!(people.store.people().await.unwrap(), [ann]);
        let nobody = Username::parse("nobody").unwrap();
        assert!(matches!(people.deactivate(&nobody).await, Err(PeopleError::Unknown(_))));
    }

    #[test]
    fn what_cannot_be_an_account_is_refused_in_words() {
        let refusal = |username: &str, password: &str| {
            Account::new(username, None, Password(password.into()), false).unwrap_err().to_string()
        };
        assert!(refusal("no spaces", "pass").contains("username"));
        assert!(refusal("ann", "").contains("empty"));
        assert!(refusal("ann", &"x".repeat(1_025)).contains("1024"));
    }
}
