//! The port: what auth needs of a store. Must not know HTTP, hashing or SQL.
//!
//! Every change is one transaction, and in it stand the events that tell of the change. Events have the numbers 1, 2,
//! 3 … without gaps, in the order of the transactions.

use std::{error::Error, fmt};

use async_trait::async_trait;
use parlor_edge::SessionToken;
use parlor_protocol::{
    auth::{AuthEvents, Person},
    ids::{PersonId, SessionId},
    names::{Name, Username},
    time::Timestamp,
};

/// What is kept of a password; enough to try guesses at it, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash(pub String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub person: Person,
    pub admin: bool,
    pub hash: Hash,
}

/// What a login is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub person: Person,
    pub admin: bool,
    /// One who is not cannot log in.
    pub active: bool,
    pub hash: Hash,
}

/// A new password in place of an old one.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    pub person: PersonId,
    /// What the old password was checked against.
    pub old: Hash,
    pub new: Hash,
    /// The session that goes on; all others end.
    pub keep: SessionId,
}

#[async_trait]
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Adds people, all or none. Those whose id or username is taken are left as they are. Returns who was added.
    ///
    /// # Errors
    /// As every operation here: [`StoreError`].
    async fn add_people(&self, people: &[NewPerson]) -> Result<Vec<PersonId>, StoreError>;

    async fn account(&self, username: &Username) -> Result<Option<Account>, StoreError>;

    /// The active people, by username.
    async fn people(&self) -> Result<Vec<Person>, StoreError>;

    /// Gives a person another name. `None` if there is no such person.
    async fn rename(&self, person: PersonId, name: &Name) -> Result<Option<Person>, StoreError>;

    /// Deactivates people and ends their sessions. Returns who was active until now.
    async fn deactivate(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError>;

    /// Activates people again, for which the event is the one of a person added. Returns who was not active until now.
    async fn reactivate(&self, people: &[PersonId]) -> Result<Vec<PersonId>, StoreError>;

    /// Begins a session, unless its person has been deactivated or the password has changed since `hash` was read.
    async fn begin_session(&self, session: &SessionToken, hash: &Hash) -> Result<bool, StoreError>;

    /// Whose session this is; `None` once it has ended or expired.
    async fn session(&self, session: SessionId, now: Timestamp) -> Result<Option<Person>, StoreError>;

    /// Ends a session. `false` if it had ended before.
    async fn end_session(&self, session: SessionId) -> Result<bool, StoreError>;

    /// Changes a password and ends the person's other sessions. `false` if the old one is not theirs any more.
    async fn change_password(&self, change: &PasswordChange) -> Result<bool, StoreError>;

    /// At most `limit` events after number `after`, and the number of the last one there is.
    async fn events(&self, after: u64, limit: u32) -> Result<AuthEvents, StoreError>;

    /// The number of the last event; 0 before the first.
    async fn last_event(&self) -> Result<u64, StoreError>;

    /// Forgets sessions that have expired, which needs no event. Returns how many.
    async fn prune(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Asking again later may help.
    #[error("the store is busy or out of reach: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    #[error("the store failed: {0}")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}
