//! How many connections there may be: on this instance, and of one account.
//!
//! A place on the instance is taken before anybody is asked who is there, so the same bound holds for questions to the
//! api under way. An account's place is taken once we know whose it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use avvivo_kernel::{ErrorKind, Fault};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::LimitsConfig;

/// There is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowded {
    /// On this instance.
    #[error("this instance has all the connections it may have")]
    Instance,
    /// For this account.
    #[error("the account has all the connections it may have")]
    Account,
}

impl Fault for Crowded {
    /// Unavailable, not "limit reached": to clients of this stream 429 has never meant anything, 503 means "later".
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Instance => "stream.instance_full",
            Self::Account => "stream.too_many_connections",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Instance => "Hay mucha gente conectada. Probá de nuevo en unos segundos.",
            Self::Account => "Tenés demasiadas pestañas o equipos conectados. Cerrá alguno.",
        }
        .to_owned()
    }
}

/// The places of an instance.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    limits: LimitsConfig,
    accounts: Mutex<HashMap<String, u32>>,
}

/// A place for somebody we do not know yet.
#[derive(Debug)]
pub(crate) struct Reservation {
    places: Arc<Places>,
    permit: OwnedSemaphorePermit,
}

/// An account's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    account: String,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(limits: LimitsConfig) -> Arc<Self> {
        let most = usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(most)),
            limits,
            accounts: Mutex::new(HashMap::new()),
        })
    }

    /// Takes a place on the instance.
    pub(crate) fn reserve(self: &Arc<Self>) -> Result<Reservation, Crowded> {
        let permit = Arc::clone(&self.free)
            .try_acquire_owned()
            .map_err(|_| Crowded::Instance)?;
        Ok(Reservation {
            places: Arc::clone(self),
            permit,
        })
    }

    /// Returns when every place is free. From then on there are none.
    pub(crate) async fn emptied(&self) {
        // Fails for a closed semaphore only, and this one is never closed.
        if let Ok(all) = self.free.acquire_many(self.limits.connections).await {
            all.forget();
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Turns it into a place of `account`.
    pub(crate) fn assign(self, account: String) -> Result<Place, Crowded> {
        let Self { places, permit } = self;
        {
            let mut accounts = places.accounts();
            let taken = accounts.entry(account.clone()).or_default();
            if *taken >= places.limits.connections_per_account {
                return Err(Crowded::Account);
            }
            *taken += 1;
        }
        Ok(Place {
            places,
            account,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut accounts = self.places.accounts();
        let Some(taken) = accounts.get_mut(&self.account) else {
            return;
        };
        *taken = taken.saturating_sub(1);
        if *taken == 0 {
            accounts.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Arc<Places> {
        Places::new(LimitsConfig {
            connections: 3,
            connections_per_account: 2,
            max_age: std::time::Duration::from_mins(30),
        })
    }

    fn place(places: &Arc<Places>, account: &str) -> Result<Place, Crowded> {
        places.reserve()?.assign(account.to_owned())
    }

    #[test]
    fn an_account_is_bounded_and_does_not_take_the_places_of_others() {
        let places = places();
        let first = place(&places, "ana").unwrap();
        let _second = place(&places, "ana").unwrap();
        assert_eq!(place(&places, "ana").unwrap_err(), Crowded::Account);
        let _other = place(&places, "bea").unwrap();
        assert_eq!(place(&places, "caro").unwrap_err(), Crowded::Instance);
        drop(first);
        let _again = place(&places, "ana").unwrap();
        assert_eq!(places.accounts().len(), 2, "nobody who left is remembered");
    }

    #[tokio::test]
    async fn emptied_waits_for_the_last_one() {
        let places = places();
        let last = place(&places, "ana").unwrap();
        let emptied = places.emptied();
        tokio::pin!(emptied);
        assert!(futures::poll!(&mut emptied).is_pending());
        drop(last);
        emptied.await;
        assert_eq!(places.reserve().unwrap_err(), Crowded::Instance);
    }
}
