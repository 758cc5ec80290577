//! How many connections there may be: on this instance, from one address, and of one account.
//!
//! A place on the instance and of an address is taken before anybody is asked who is there, so the same bounds hold for
//! questions to the api under way. An account's place is taken once we know whose it is.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::{
    account::{Account, narrow},
    config::LimitsConfig,
    pace::Pace,
};

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
    /// For this account, which comes too often.
    #[error("the account opens streams faster than anybody could read them")]
    Rush,
}

impl Crowded {
    /// For people who look at metrics, and for clients.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Instance => "stream.instance_full",
            Self::Account => "stream.too_many_connections",
            Self::Address => "stream.too_many_from_address",
            Self::Rush => "stream.too_often",
        }
    }
}

/// The places of an instance.
#[derive(Debug)]
pub(crate) struct Places {
    rush: Rush,
    free: Semaphore,
    limits: LimitsConfig,
    addresses: Counts<Address>,
    accounts: Counts<Account>,
}

/// How often each came lately. Those who share a slot are counted together, which takes a fixed amount of memory; there are
/// many more slots than there are loops.
#[derive(Debug)]
struct Rush {
    /// The window in the upper half, the count in the lower.
    slots: Box<[AtomicU64]>,
    hasher: RandomState,
    pace: Pace,
}

/// Streams that one account opens in a window; more is a loop that does not wait between its attempts.
const MOST_OPENED: u64 = 60;
const WINDOW: u32 = 100;
const SLOTS: usize = 4_096;

impl Rush {
    fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            pace: Pace::begin(),
        }
    }

    /// Counts one more. Whether that is too many.
    fn is_on(&self, account: Account) -> bool {
        let index = self.hasher.hash_one(account) % u64::try_from(SLOTS).unwrap_or(1);
        let Some(slot) = usize::try_from(index)
            .ok()
            .and_then(|index| self.slots.get(index))
        else {
            return false;
        };
        let window = u64::from(self.pace.now().0 / WINDOW) << 32;
        let counted = |before: u64| {
            Some(if before >> 32 == window >> 32 {
                before + 1
            } else {
                window | 1
            })
        };
        let before = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted);
        let before = before.unwrap_or_default();
        before >> 32 == window >> 32 && before & u64::from(u32::MAX) >= MOST_OPENED
    }
}

/// How many each has.
#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, u32>>);

/// An address in four bytes, as an account is ([`Account`]). Two that share a hash share their limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Address(u32);

/// A place on the instance, of an address, and of an account once that is known; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: Address,
    account: Option<Account>,
}

impl<K: Hash + Eq> Counts<K> {
    /// None yet; with room for so many.
    fn new(room: usize) -> Self {
        Self(Mutex::new(HashMap::with_capacity(room)))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more, if that is not too many.
    fn enter(&self, who: K, most: u32) -> bool {
        let mut all = self.lock();
        if let Some(count) = all.get_mut(&who) {
            let has_room = *count < most;
            *count += u32::from(has_room);
            return has_room;
        }
        all.insert(who, 1);
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
        Arc::new(Self {
            rush: Rush::new(),
            free: Semaphore::new(limits.most().min(Semaphore::MAX_PERMITS)),
            limits,
            addresses: Counts::new(0),
            accounts: Counts::new(limits.most()),
        })
    }

    /// Takes a place on the instance, for somebody at an address.
    pub(crate) fn reserve(self: &Arc<Self>, address: IpAddr) -> Result<Place, Crowded> {
        let permit = self.free.try_acquire().map_err(|_| Crowded::Instance)?;
        let address = Address(narrow(self.rush.hasher.hash_one(address)));
        let most = self.limits.connections_per_address;
        if !self.addresses.enter(address, most) {
            return Err(Crowded::Address);
        }
        // The place gives it back: a permit that it owned would take twice its memory.
        permit.forget();
        Ok(Place {
            places: Arc::clone(self),
            address,
            account: None,
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

impl Place {
    /// Makes it a place of `account`; nothing, if it is that already.
    pub(crate) fn assign(&mut self, account: Account) -> Result<(), Crowded> {
        if self.account == Some(account) {
            return Ok(());
        }
        let places = &self.places;
        if places.rush.is_on(account) {
            return Err(Crowded::Rush);
        }
        let most = places.limits.connections_per_account;
        if !places.accounts.enter(account, most) {
            return Err(Crowded::Account);
        }
        if let Some(another) = self.account.replace(account) {
            places.accounts.leave(&another);
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(account) = &self.account {
            self.places.accounts.leave(account);
        }
        self.places.addresses.leave(&self.address);
        self.places.free.add_permits(1);
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
        let mut place = places.reserve(HERE)?;
        place.assign(Account::of(account))?;
        Ok(place)
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

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_in_a_loop_has_to_wait() {
        let places = places();
        let come = || place(&places, "ana").map(drop);
        let taken = (0..1_000).filter(|_| come().is_ok()).count();
        assert_eq!(u64::try_from(taken).unwrap(), MOST_OPENED);
        assert_eq!(come().unwrap_err(), Crowded::Rush);
        assert!(place(&places, "bea").is_ok(), "nobody else has to");
        tokio::time::sleep(crate::pace::STEP * WINDOW).await;
        assert!(come().is_ok());
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
