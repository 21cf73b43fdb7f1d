//! Quotes for a short while, and one fetch for all who ask for the same share meanwhile. How a quote is fetched is not
//! known here.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    desk::Unquoted,
    quote::{Quote, Symbol},
};

type Fetched = Result<Quote, Unquoted>;

/// Shares that are kept at most.
const MOST: usize = 1_000;

/// Keeps quotes; failures are not kept. Fetches run on whoever goes away, and end with the cache.
#[derive(Debug)]
pub struct Cache {
    keeps_for: Duration,
    shelf: Arc<Mutex<HashMap<Symbol, Place>>>,
    open: CancellationToken,
    _closes: DropGuard,
}

#[derive(Debug)]
enum Place {
    Kept { quote: Quote, until: Instant },
    Coming(watch::Receiver<Option<Fetched>>),
}

impl Cache {
    #[must_use]
    pub fn new(keeps_for: Duration) -> Self {
        let open = CancellationToken::new();
        Self { keeps_for, shelf: Arc::default(), _closes: open.clone().drop_guard(), open }
    }

    /// The quote that is kept or on its way, or else the one that `fetch` brings.
    ///
    /// # Errors
    /// What `fetch` says; [`Unquoted::TooLate`] if it is still on its way at the deadline.
    pub async fn get<F>(&self, symbol: &Symbol, deadline: Instant, fetch: F) -> Fetched
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        let mut coming = match self.look_or_fetch(symbol, fetch) {
            Ok(quote) => return Ok(quote),
            Err(coming) => coming,
        };
        // An asker that gives up leaves the fetch to the others.
        let came = tokio::time::timeout_at(deadline, coming.wait_for(Option::is_some)).await;
        match came {
            Ok(Ok(fetched)) => fetched.clone().unwrap_or(Err(Unquoted::TooLate)),
            // The fetch broke down, or its time is over.
            Ok(Err(_)) | Err(_) => Err(Unquoted::TooLate),
        }
    }

    fn look_or_fetch<F>(&self, symbol: &Symbol, fetch: F) -> Result<Quote, watch::Receiver<Option<Fetched>>>
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        let mut shelf = lock(&self.shelf);
        match shelf.get(symbol) {
            Some(Place::Kept { quote, until }) if Instant::now() < *until => return Ok(quote.clone()),
            // A fetch that broke down has left its place behind.
            Some(Place::Coming(coming)) if coming.has_changed().is_ok() => return Err(coming.clone()),
            Some(_) | None => {}
        }
        make_room(&mut shelf);
        let (comes, coming) = watch::channel(None);
        shelf.insert(symbol.clone(), Place::Coming(coming.clone()));
        drop(shelf);
        let (shelf, keeps_for, open, symbol) = (self.shelf.clone(), self.keeps_for, self.open.clone(), symbol.clone());
        tokio::spawn(async move {
            let Some(fetched) = open.run_until_cancelled(fetch).await else { return };
            let mut shelf = lock(&shelf);
            match &fetched {
                Ok(quote) => {
                    let until = Instant::now() + keeps_for;
                    shelf.insert(symbol, Place::Kept { quote: quote.clone(), until });
                }
                Err(_) => {
                    shelf.remove(&symbol);
                }
            }
            drop(shelf);
            comes.send_replace(Some(fetched));
        });
        Err(coming)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is on its way stays: those are no more than the bot has hands for.
fn make_room(shelf: &mut HashMap<Symbol, Place>) {
    if shelf.len() < MOST {
        return;
    }
    let now = Instant::now();
    shelf.retain(|_, place| !matches!(place, Place::Kept { until, .. } if *until <= now));
    while shelf.len() >= MOST {
        let oldest = shelf.iter().filter_map(|(symbol, place)| match place {
            Place::Kept { until, .. } => Some((*until, symbol.clone())),
            Place::Coming(_) => None,
        });
        let Some((_, oldest)) = oldest.min_by_key(|(until, _)| *until) else { return };
        shelf.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::{provider::Fault, sample};

    fn aapl() -> Symbol {
        Symbol::parse("aapl.us").unwrap()
    }
    fn quote() -> Quote {
        sample::quote(&aapl()).unwrap()
    }
    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }
    const DOWN: Fetched = Err(Unquoted::Fault { provider: "x", fault: Fault::Unreachable });

    #[tokio::test]
    async fn a_quote_is_kept_for_its_time_and_no_longer() {
        for (keeps_for, expected) in [(Duration::from_secs(15), 1), (Duration::ZERO, 3)] {
            let cache = Cache::new(keeps_for);
            let fetches = Arc::new(AtomicU32::new(0));
            for _ in 0..3 {
                let fetches = fetches.clone();
                let fetch = async move {
                    fetches.fetch_add(1, Ordering::SeqCst);
                    Ok(quote())
                };
                assert_eq!(cache.get(&aapl(), soon(), fetch).await, Ok(quote()));
            }
            assert_eq!(fetches.load(Ordering::SeqCst), expected);
        }
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = Cache::new(Duration::from_secs(15));
        assert_eq!(cache.get(&aapl(), soon(), async { DOWN }).await, DOWN);
        assert_eq!(cache.get(&aapl(), soon(), async { Ok(quote()) }).await, Ok(quote()));
    }

    #[tokio::test]
    async fn a_fetch_goes_on_when_the_first_asker_has_gone() {
        let cache = Arc::new(Cache::new(Duration::from_secs(15)));
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let fetch = {
            let (begun, go) = (begun.clone(), go.clone());
            async move {
                begun.notify_one();
                go.notified().await;
                Ok(quote())
            }
        };
        let first = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get(&aapl(), soon(), fetch).await }
        });
        begun.notified().await;
        let (first_gone, second) = tokio::join!(
            async {
                first.abort();
                let gone = first.await;
                go.notify_one();
                gone
            },
            async { cache.get(&aapl(), soon(), async { panic!("a second fetch") }).await }
        );
        assert!(first_gone.is_err());
        assert_eq!(second, Ok(quote()));
    }

    #[tokio::test]
    async fn an_asker_with_a_shorter_deadline_does_not_wait_for_the_rest() {
        let cache = Cache::new(Duration::from_secs(15));
        let deadline = Instant::now() + Duration::from_millis(10);
        assert_eq!(cache.get(&aapl(), deadline, std::future::pending()).await, Err(Unquoted::TooLate));
    }

    #[tokio::test]
    async fn a_fetch_that_broke_down_is_begun_anew() {
        let cache = Cache::new(Duration::from_secs(15));
        assert_eq!(cache.get(&aapl(), soon(), async { panic!("on purpose") }).await, Err(Unquoted::TooLate));
        assert_eq!(cache.get(&aapl(), soon(), async { Ok(quote()) }).await, Ok(quote()));
    }

    #[tokio::test]
    async fn a_fetch_ends_with_the_cache() {
        let cache = Cache::new(Duration::from_secs(15));
        let (ended, mut ends) = watch::channel(());
        let fetch = async move {
            let _held = ended;
            std::future::pending().await
        };
        let _ = cache.get(&aapl(), Instant::now(), fetch).await;
        drop(cache);
        let end = tokio::time::timeout(Duration::from_secs(5), ends.changed()).await;
        assert!(end.expect("the fetch goes on").is_err());
    }

    #[tokio::test]
    async fn no_more_is_kept_than_has_room() {
        let cache = Cache::new(Duration::from_secs(15));
        for n in 0..MOST + 50 {
            let symbol = Symbol::parse(&format!("s{n}")).unwrap();
            assert!(cache.get(&symbol, soon(), async { Ok(quote()) }).await.is_ok());
        }
        assert!(lock(&cache.shelf).len() <= MOST);
        let newest = Symbol::parse(&format!("s{}", MOST + 49)).unwrap();
        assert!(cache.get(&newest, soon(), async { DOWN }).await.is_ok(), "the newest is kept");
    }
}
