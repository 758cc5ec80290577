//! At most one fetch at a time, owned by the cache and not by the caller that set it off.
//!
//! A fetch inside a caller's future would end with the caller: those who hang up could then cause one fetch each, as fast
//! as they like, and the pause that a finished attempt begins would never begin.

use std::sync::{Mutex, PoisonError};

use tokio::{sync::watch, task::JoinSet};

/// The fetch under way. Dropping it ends that.
#[derive(Default)]
pub(super) struct Flight(Mutex<Slot>);

#[derive(Default)]
struct Slot {
    /// Holds one task at most.
    task: JoinSet<()>,
    landing: Option<Landing>,
}

/// The end of one fetch, for everybody who waits for it.
#[derive(Clone)]
pub(super) struct Landing(watch::Receiver<()>);

/// How a caller came to its fetch.
pub(super) enum Boarding {
    /// It set it off.
    Begun(Landing),
    /// Somebody else had.
    UnderWay(Landing),
    /// It needs none: one that landed meanwhile brought what it wanted, or learned that it cannot be had.
    NotNeeded,
}

impl Flight {
    /// Joins the fetch under way. Without one, begins `fetch` if it is `wanted` still.
    pub(super) fn board(
        &self,
        wanted: impl FnOnce() -> bool,
        fetch: impl Future<Output = ()> + Send + 'static,
    ) -> Boarding {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = slot.landing.as_ref().filter(|landing| !landing.is_over()) {
            return Boarding::UnderWay(landing.clone());
        }
        // Asked under the lock: whoever landed before us has written down what it brought.
        if !wanted() {
            return Boarding::NotNeeded;
        }
        let (flying, landing) = watch::channel(());
        let landing = Landing(landing);
        slot.landing = Some(landing.clone());
        while slot.task.try_join_next().is_some() {}
        slot.task.spawn(async move {
            fetch.await;
            drop(flying);
        });
        Boarding::Begun(landing)
    }
}

impl Landing {
    /// The sender lives as long as the fetch, however that ends.
    fn is_over(&self) -> bool {
        self.0.has_changed().is_err()
    }

    /// Returns when the fetch is over. Nothing is ever sent, so the only news is that its sender is gone.
    pub(super) async fn wait(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}
