//! How many connections there may be: on this instance, from one address, and of one account.
//!
//! A place on the instance and of an address is taken before anybody is asked who is there, so the same bounds hold for
//! questions to the api under way. An account's place is taken once we know whose it is.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

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
    /// For this address.
    #[error("the address has all the connections it may have")]
    Address,
}

impl Crowded {
    /// For people who look at metrics, and for clients.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Instance => "stream.instance_full",
            Self::Account => "stream.too_many_connections",
            Self::Address => "stream.too_many_from_address",
        }
    }
}

/// The places of an instance.
#[derive(Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    limits: LimitsConfig,
    addresses: Counts<IpAddr>,
    accounts: Counts<Arc<str>>,
}

/// How many each has.
#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, u32>>);

/// A place for somebody we do not know yet; free again when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    places: Arc<Places>,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

/// An account's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    reservation: Reservation,
    account: Arc<str>,
}

impl<K: Hash + Eq + Clone> Counts<K> {
    fn new() -> Self {
        Self(Mutex::default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, if that is not too many.
    fn enter(&self, who: &K, most: u32) -> bool {
        let mut all = self.lock();
        if let Some(count) = all.get_mut(who) {
            let has_room = *count < most;
            *count += u32::from(has_room);
            return has_room;
        }
        all.insert(who.clone(), 1);
        true
    }

    fn leave(&self, who: &K) {
        let mut all = self.lock();
        let Some(count) = all.get_mut(who) else {
            return;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            all.remove(who);
        }
    }
}

impl Places {
    pub(crate) fn new(limits: LimitsConfig) -> Arc<Self> {
        let most = usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(most)),
            limits,
            addresses: Counts::new(),
            accounts: Counts::new(),
        })
    }

    /// Takes a place on the instance, for somebody at an address.
    pub(crate) fn reserve(self: &Arc<Self>, address: IpAddr) -> Result<Reservation, Crowded> {
        let permit = Arc::clone(&self.free)
            .try_acquire_owned()
            .map_err(|_| Crowded::Instance)?;
        if !self
            .addresses
            .enter(&address, self.limits.connections_per_address)
        {
            return Err(Crowded::Address);
        }
        Ok(Reservation {
            places: Arc::clone(self),
            address,
            _permit: permit,
        })
    }

    /// Returns when every place is free. From then on there are none.
    pub(crate) async fn emptied(&self) {
        // Fails for a closed semaphore only, and this one is never closed.
        if let Ok(all) = self.free.acquire_many(self.limits.connections).await {
            all.forget();
        }
    }
}

impl Reservation {
    /// Turns it into a place of `account`.
    pub(crate) fn assign(self, account: Arc<str>) -> Result<Place, Crowded> {
        let most = self.places.limits.connections_per_account;
        if !self.places.accounts.enter(&account, most) {
            return Err(Crowded::Account);
        }
        Ok(Place {
            reservation: self,
            account,
        })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.places.addresses.leave(&self.address);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.reservation.places.accounts.leave(&self.account);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn places() -> Arc<Places> {
        Places::new(LimitsConfig {
            connections: 4,
            connections_per_account: 2,
            connections_per_address: 3,
            max_age: std::time::Duration::from_mins(30),
        })
    }

    fn place(places: &Arc<Places>, account: &str) -> Result<Place, Crowded> {
        places.reserve(HERE)?.assign(account.into())
    }

    #[test]
    fn an_account_is_bounded_and_does_not_take_the_places_of_others() {
        let places = places();
        let first = place(&places, "ana").unwrap();
        let _second = place(&places, "ana").unwrap();
        assert_eq!(place(&places, "ana").unwrap_err(), Crowded::Account);
        let _other = place(&places, "bea").unwrap();
        assert_eq!(place(&places, "caro").unwrap_err(), Crowded::Address);
        let elsewhere = Ipv4Addr::BROADCAST.into();
        let _fourth = places.reserve(elsewhere).unwrap();
        assert_eq!(places.reserve(elsewhere).unwrap_err(), Crowded::Instance);
        drop(first);
        let _again = place(&places, "ana").unwrap();
        assert_eq!(
            places.accounts.lock().len(),
            2,
            "nobody who left is remembered"
        );
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
        assert_eq!(places.reserve(HERE).unwrap_err(), Crowded::Instance);
    }
}
