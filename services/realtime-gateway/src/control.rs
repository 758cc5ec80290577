//! Hears whose rights have changed, and sees to it.
//!
//! This is a reader like any other, of an audience that no client may hear: what the bus loses is fetched, and when something
//! is lost for good nobody's rights are known, and everybody is looked at again.

use std::{sync::Arc, time::Duration};

use avvivo_contracts::{audience::Audience, cursor::Place};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    api::Api,
    frame::Frame,
    reactor::Reactors,
    ring::{After, Ring},
    session::{Revoked, Surroundings},
    topic::TopicRef,
};

/// Between two questions to an api that does not answer.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The reader.
pub(crate) struct Control {
    around: Arc<Surroundings>,
    reactors: Arc<Reactors>,
    api: Arc<Api>,
    topic: TopicRef,
    notify: Arc<Notify>,
}

impl Control {
    pub(crate) fn new(around: Arc<Surroundings>, reactors: Arc<Reactors>, api: Arc<Api>) -> Self {
        let (topic, notify) = around.hub.attend(Audience::ControlAccess);
        Self {
            around,
            reactors,
            api,
            topic,
            notify,
        }
    }

    /// Reads until `quit`.
    pub(crate) async fn run(self, quit: CancellationToken) {
        let keeping_up =
            async { while quit.run_until_cancelled(self.keep_up()).await.is_some() {} };
        let reading = async {
            let mut place = None;
            while let Some(next) = quit.run_until_cancelled(self.read(place)).await {
                place = next;
            }
        };
        tokio::join!(keeping_up, reading);
    }

    /// Learns how far the audience is when the bus is heard again: what was announced meanwhile is then known to be missing.
    async fn keep_up(&self) {
        self.around.hub.heard_again.notified().await;
        let asking = || self.api.heads([self.topic.name()].into_iter());
        let mut heads = asking().await;
        while let Err(error) = heads {
            tracing::debug!(%error, "the api cannot say whose rights have changed");
            tokio::time::sleep(TRY_AGAIN).await;
            heads = asking().await;
        }
        // One that was told nothing yet is left out.
        let head = heads
            .ok()
            .and_then(|heads| heads.get(&self.topic.name()).copied());
        self.around
            .hub
            .learn_head(&self.topic, head.unwrap_or_default());
    }

    /// Reads what there is after a place, or waits for it. Answers where that ends.
    async fn read(&self, place: Option<Place>) -> Option<Place> {
        let Some(head) = self.topic.head() else {
            self.notify.notified().await;
            return place;
        };
        // Nobody was let in before the head was known.
        let at = place.unwrap_or(Place::after(head));
        let next = match self.after(at) {
            Some(news) if news.is_empty() => {
                self.notify.notified().await;
                at
            }
            Some(news) => self.see_to(&news).unwrap_or(at),
            None => self.catch_up(at).await,
        };
        Some(next)
    }

    fn after(&self, place: Place) -> Option<Vec<Arc<Frame>>> {
        let read = self.topic.with_ring(|ring| match ring.after(place) {
            After::Behind => None,
            After::Events(events) => Some(events.cloned().collect()),
        });
        read.flatten()
    }

    fn see_to(&self, news: &[Arc<Frame>]) -> Option<Place> {
        for revoked in news.iter().filter_map(|frame| frame.revokes()) {
            self.revoke(revoked);
        }
        news.last().map(|frame| Place::after(frame.sequence))
    }

    async fn catch_up(&self, place: Place) -> Place {
        self.around
            .history
            .catch_up(&self.topic, place.sequence())
            .await;
        let tail = self.topic.with_ring(Ring::tail).unwrap_or_default();
        if place.sequence() >= tail {
            return place;
        }
        self.revoke(Revoked::All);
        Place::after(tail)
    }

    fn revoke(&self, revoked: Revoked) {
        tracing::info!(?revoked, "rights have changed");
        // First what is kept, then who is there: whoever comes in between knows from the first that the second is coming.
        self.around.grants.revoke(revoked);
        self.reactors.revoke(revoked);
        // Nobody listens where nobody is carried by a task.
        drop(self.around.revocations.send(revoked));
    }
}
