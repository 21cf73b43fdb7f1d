//! The people and the revoked sessions, as auth's events tell of them: in memory to be asked, in the store to last.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parlor_protocol::{
    auth::{AuthChange, AuthEvents, Person},
    error::{ErrorCode, Refusal},
    ids::{PersonId, SessionId},
    names::Username,
    socket::{CloseCode, ServerFrame},
    time::Timestamp,
};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{self, Auth, AuthUnavailable},
    log::entry::{Append, Change},
    node::{GENERAL, Node},
    socket::wire,
    store::{Store, StoreError},
};

/// How long auth may keep a request for events open while it has none.
const LONG_POLL: Duration = Duration::from_secs(25);
/// How long a request waits for auth's news.
const CATCH_UP: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct People {
    auth: Arc<dyn Auth>,
    known: RwLock<Known>,
    /// The number of the last event that was applied.
    position: AtomicU64,
    /// Events are applied by one at a time.
    applying: tokio::sync::Mutex<()>,
    /// The broker hints that auth has news.
    pub hinted: tokio::sync::Notify,
}

#[derive(Debug, Default)]
struct Known {
    people: HashMap<PersonId, (Person, bool)>,
    by_username: HashMap<Username, PersonId>,
    revoked: HashMap<SessionId, Timestamp>,
}

impl Known {
    fn put(&mut self, person: Person, active: bool) {
        if let Some((before, _)) = self.people.get(&person.id) {
            self.by_username.remove(&before.username);
        }
        self.by_username.insert(person.username.clone(), person.id);
        self.people.insert(person.id, (person, active));
    }
}

impl People {
    /// # Errors
    /// If the store cannot be read.
    pub async fn load(store: &dyn Store, auth: Arc<dyn Auth>) -> Result<Self, StoreError> {
        let mut known = Known::default();
        for (person, active) in store.people().await? {
            known.put(person, active);
        }
        let (position, revoked) = store.auth_state().await?;
        known.revoked = revoked.into_iter().collect();
        Ok(Self {
            auth,
            known: RwLock::new(known),
            position: AtomicU64::new(position),
            applying: tokio::sync::Mutex::default(),
            hinted: tokio::sync::Notify::new(),
        })
    }

    pub fn auth(&self) -> &dyn Auth {
        &*self.auth
    }

    /// A person who may do something.
    #[must_use]
    pub fn active(&self, id: PersonId) -> Option<Person> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.people.get(&id).filter(|(_, active)| *active).map(|(person, _)| person.clone())
    }
    /// Everybody who may do something, by username.
    #[must_use]
    pub fn all_active(&self) -> Vec<Person> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut people: Vec<_> =
            known.people.values().filter(|(_, active)| *active).map(|(person, _)| person).collect();
        people.sort_by(|one, other| one.username.as_str().cmp(other.username.as_str()));
        people.into_iter().cloned().collect()
    }
    /// A person as others see them, active or not.
    #[must_use]
    pub fn get(&self, id: PersonId) -> Option<Person> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.people.get(&id).map(|(person, _)| person.clone())
    }
    #[must_use]
    pub fn by_username(&self, username: &str) -> Option<Person> {
        let username = Username::parse(username).ok()?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let id = known.by_username.get(&username)?;
        known.people.get(id).filter(|(_, active)| *active).map(|(person, _)| person.clone())
    }
    /// # Errors
    /// `unknown_person`
    pub fn known_by_id(&self, id: &str) -> Result<Person, Refusal> {
        let person = id.parse().ok().and_then(|id| self.get(id));
        person.ok_or_else(|| Refusal::new(ErrorCode::UnknownPerson, "There is no such person."))
    }
    /// # Errors
    /// `unknown_person`, also for one who is not active any more.
    pub fn active_by_id(&self, id: &str) -> Result<Person, Refusal> {
        let person = self.known_by_id(id)?;
        self.active(person.id).ok_or_else(|| Refusal::new(ErrorCode::UnknownPerson, "There is no such person."))
    }
    #[must_use]
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).revoked.contains_key(&session)
    }

    /// Applies what auth has now, without waiting for more; gives up after a while.
    pub async fn catch_up(&self, node: &Node) {
        let caught_up = tokio::time::timeout(CATCH_UP, async {
            while self.apply_next(node, Duration::ZERO).await? {}
            anyhow::Ok(())
        });
        match caught_up.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "auth's news cannot be had"),
            Err(_) => tracing::warn!("auth's news do not come"),
        }
    }

    /// Follows auth's log until `shutdown`.
    pub async fn follow(&self, node: &Node, shutdown: &CancellationToken) {
        let mut pause = Duration::from_millis(100);
        // After a failure auth is asked to answer at once, or nobody would know for a while that it is back.
        let mut wait = LONG_POLL;
        loop {
            let next = async {
                tokio::select! {
                    polled = self.poll(node, wait) => polled.map_err(anyhow::Error::from),
                    () = self.hinted.notified() => self.poll(node, Duration::ZERO).await.map_err(anyhow::Error::from),
                }
            };
            let Some(polled) = shutdown.run_until_cancelled(next).await else { return };
            let applied = match polled {
                Ok(events) => self.apply(node, events).await.map_err(anyhow::Error::from),
                Err(error) => Err(error),
            };
            match applied {
                Ok(_) => {
                    node.readiness.restore("auth");
                    pause = Duration::from_millis(100);
                    wait = LONG_POLL;
                }
                Err(error) => {
                    tracing::warn!(%error, "auth's news cannot be had, trying again");
                    node.readiness.degrade("auth");
                    wait = Duration::ZERO;
                    if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        return;
                    }
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
        }
    }

    async fn poll(&self, node: &Node, wait: Duration) -> Result<AuthEvents, AuthUnavailable> {
        let position = self.position.load(Ordering::Acquire);
        let events = auth::events(&*self.auth, &node.config.keys, position, wait).await?;
        if events.last < position {
            tracing::error!(
                position,
                last = events.last,
                "auth's log is shorter than before: it is read anew from its start"
            );
            self.position.store(0, Ordering::Release);
            return auth::events(&*self.auth, &node.config.keys, 0, Duration::ZERO).await;
        }
        Ok(events)
    }

    /// Whether there was something to apply.
    async fn apply_next(&self, node: &Node, wait: Duration) -> anyhow::Result<bool> {
        let events = self.poll(node, wait).await?;
        Ok(self.apply(node, events).await?)
    }

    /// Takes events in: people into the store and into `general`, revocations to the sockets, and then the position.
    /// Everything before the position can be done twice, so a crash in between loses nothing.
    async fn apply(&self, node: &Node, events: AuthEvents) -> Result<bool, StoreError> {
        let _one_at_a_time = self.applying.lock().await;
        let position = self.position.load(Ordering::Acquire);
        let news: Vec<_> = events.events.into_iter().filter(|event| event.n > position).collect();
        let Some(last) = news.last().map(|event| event.n) else { return Ok(false) };
        let mut added = Vec::new();
        let mut changed = Vec::new();
        let mut revoked = Vec::new();
        let mut renamed = Vec::new();
        for event in news {
            match event.change {
                AuthChange::PersonAdded { person } => {
                    changed.push((person.clone(), true));
                    added.push(person);
                }
                AuthChange::PersonRenamed { person } => {
                    let latest = changed.iter().rev().find(|(one, _)| one.id == person.id).map(|(_, active)| *active);
                    let active = latest.unwrap_or_else(|| self.active(person.id).is_some());
                    changed.push((person.clone(), active));
                    renamed.push(person);
                }
                AuthChange::PersonDeactivated { person } => {
                    let latest = changed.iter().rev().find(|(one, _)| one.id == person).map(|(one, _)| one.clone());
                    if let Some(person) = latest.or_else(|| self.get(person)) {
                        changed.push((person, false));
                    }
                }
                AuthChange::SessionRevoked { session, expires, .. } => revoked.push((session, expires)),
            }
        }
        node.store.save_people(&changed).await?;
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            for (person, active) in &changed {
                known.put(person.clone(), *active);
            }
            let now = Timestamp::now();
            known.revoked.retain(|_, expires| *expires > now);
            known.revoked.extend(revoked.iter().copied());
        }
        close_sockets(node, &changed, &revoked);
        let joins = added.into_iter().map(|person| node.log.append(Append::new(GENERAL, Change::Join { person })));
        futures_util::future::try_join_all(joins).await?;
        for user in renamed {
            node.hub.send_to_all(&wire::text(&ServerFrame::PersonRenamed { user }.to_json())).await;
        }
        node.store.advance_auth(last, &revoked).await?;
        self.position.store(last, Ordering::Release);
        Ok(true)
    }
}

fn close_sockets(node: &Node, changed: &[(Person, bool)], revoked: &[(SessionId, Timestamp)]) {
    let gone = |person: PersonId| changed.iter().any(|(one, active)| one.id == person && !active);
    if revoked.is_empty() && changed.iter().all(|(_, active)| *active) {
        return;
    }
    for socket in node.hub.sockets() {
        if revoked.iter().any(|(session, _)| *session == socket.session()) || gone(socket.person()) {
            socket.outbox().close(CloseCode::SessionEnded);
        }
    }
}
