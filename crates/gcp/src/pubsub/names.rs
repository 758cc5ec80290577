//! Which subscriptions' names are in use here.
//!
//! A listener whose reader went away deletes its subscription a little later, by name. Whoever
//! subscribes under that name again has to wait for it, or their new subscription is the one that
//! gets deleted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use avvivo_ports::BusError;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::CLOSE_LIMIT;

/// The names in use, each with what tells that it is free again.
#[derive(Debug, Default)]
pub(super) struct Names {
    in_use: Mutex<HashMap<String, CancellationToken>>,
}

/// A name that is in use until this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _free: DropGuard,
}

impl Names {
    /// Takes a name as soon as it is free; an error when somebody goes on using it.
    pub(super) async fn take(&self, name: &str) -> Result<Taken, BusError> {
        let taken = tokio::time::timeout(CLOSE_LIMIT, async {
            loop {
                match self.try_take(name) {
                    Ok(taken) => return taken,
                    Err(free) => free.cancelled().await,
                }
            }
        });
        taken.await.map_err(|_elapsed| BusError::Unavailable {
            reason: format!("{name} is in use by this process"),
        })
    }

    fn try_take(&self, name: &str) -> Result<Taken, CancellationToken> {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        in_use.retain(|_, free| !free.is_cancelled());
        if let Some(free) = in_use.get(name) {
            return Err(free.clone());
        }
        let free = CancellationToken::new();
        in_use.insert(name.to_owned(), free.clone());
        Ok(Taken {
            _free: free.drop_guard(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_name_is_had_by_one_at_a_time() {
        let names = Names::default();
        let first = names.take("gateway-1").await.unwrap();
        let other = names.take("gateway-2").await.unwrap();
        assert!(names.take("gateway-1").await.is_err());
        drop(first);
        let _second = names.take("gateway-1").await.unwrap();
        drop(other);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_name_when_it_is_free() {
        let names = Names::default();
        let first = names.take("gateway-1").await.unwrap();
        let (second, ()) = tokio::join!(names.take("gateway-1"), async { drop(first) });
        assert!(second.is_ok());
    }
}
