//! A running subscription: its backlog behind a lock, its configuration, and the signals that wake
//! who waits for either.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::backlog::{AckId, Backlog, Delivery, Effects, Holder, Rules};
use super::config::SubscriptionConfig;
use super::filter::Filter;
use super::message::Message;
use super::rows::SubscriptionId;
use crate::wire::{ApiError, Code};

/// Messages, and their bytes, that one subscription may hold in memory. Google has no such bound;
/// here publishing to a topic fails once a subscription of it is this far behind, because dropping
/// messages instead would be silent.
const MAX_MESSAGES: usize = 250_000;
const MAX_BYTES: usize = 512 << 20;

pub(super) struct Settings {
    pub(super) config: SubscriptionConfig,
    filter: Option<Filter>,
}

impl Settings {
    pub(super) fn new(config: SubscriptionConfig) -> Result<Arc<Self>, ApiError> {
        let filter = config.filter()?;
        Ok(Arc::new(Self { config, filter }))
    }

    fn rules(&self) -> Rules {
        Rules {
            ordered: self.config.enable_message_ordering,
            retention: self.config.retention(),
            backoff: self.config.backoff(),
            max_attempts: self
                .config
                .dead_letter_policy
                .as_ref()
                .map(|p| p.max_delivery_attempts),
        }
    }

    pub(super) fn wants(&self, attributes: &HashMap<String, String>) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.matches(attributes))
    }
}

pub(super) struct Subscription {
    pub(super) id: SubscriptionId,
    /// Cancelled when the subscription is deleted or the server stops.
    pub(super) gone: CancellationToken,
    settings: watch::Sender<Arc<Settings>>,
    backlog: Mutex<Backlog>,
    /// Changes when there may be something to take.
    arrivals: watch::Sender<()>,
    /// Told when the backlog, or the expiry, became due earlier than it was.
    sooner: Notify,
    last_used: Mutex<DateTime<Utc>>,
    users: AtomicUsize,
}

impl Subscription {
    pub(super) fn new(
        id: SubscriptionId,
        settings: Arc<Settings>,
        now: DateTime<Utc>,
        gone: CancellationToken,
    ) -> Arc<Self> {
        let backlog = Backlog::new(settings.rules(), now.timestamp_micros());
        Arc::new(Self {
            id,
            gone,
            settings: watch::Sender::new(settings),
            backlog: Mutex::new(backlog),
            arrivals: watch::Sender::new(()),
            sooner: Notify::new(),
            last_used: Mutex::new(now),
            users: AtomicUsize::new(0),
        })
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    pub(super) fn watch_settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    pub(super) fn set_settings(&self, settings: Arc<Settings>) {
        let rules = settings.rules();
        self.settings.send_replace(settings);
        self.change(|backlog| backlog.set_rules(rules));
        self.sooner.notify_one();
    }

    /// Changes whenever there may be more to [`Subscription::take`].
    pub(super) fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    /// Refuses `count` more messages of `bytes` together when they would not fit.
    pub(super) fn check_room(&self, count: usize, bytes: usize) -> Result<(), ApiError> {
        let backlog = self.lock();
        if backlog.len() + count <= MAX_MESSAGES && backlog.bytes() + bytes <= MAX_BYTES {
            return Ok(());
        }
        Err(ApiError::new(
            Code::ResourceExhausted,
            format!("The backlog of {} is full.", self.settings().config.name),
        ))
    }

    pub(super) fn push(&self, messages: Vec<Arc<Message>>) {
        self.change(|backlog| {
            for message in messages {
                backlog.push(message);
            }
        });
    }

    pub(super) fn take(
        &self,
        holder: &Holder,
        limit: usize,
        until: DateTime<Utc>,
    ) -> Vec<Delivery> {
        // Taking wakes nobody: it only makes less available.
        let (deliveries, sooner) = {
            let mut backlog = self.lock();
            let before = backlog.next_due();
            let deliveries = backlog.take(holder, limit, until);
            (deliveries, is_sooner(before, backlog.next_due()))
        };
        if sooner {
            self.sooner.notify_one();
        }
        deliveries
    }

    pub(super) fn ack(&self, ack_ids: &[AckId]) -> Effects {
        self.change(|backlog| {
            for ack_id in ack_ids {
                backlog.ack(ack_id);
            }
        })
    }

    pub(super) fn nack(&self, ack_ids: &[AckId], now: DateTime<Utc>) -> Effects {
        self.change(|backlog| {
            for ack_id in ack_ids {
                backlog.nack(ack_id, now);
            }
        })
    }

    pub(super) fn extend(&self, ack_ids: &[AckId], until: DateTime<Utc>) {
        self.change(|backlog| {
            for ack_id in ack_ids {
                backlog.extend(ack_id, until);
            }
        });
    }

    pub(super) fn drop_holder(&self, holder: u64) {
        self.change(|backlog| backlog.drop_holder(holder));
    }

    pub(super) fn holds(&self, holder: u64) -> bool {
        self.lock().holds(holder)
    }

    pub(super) fn tick(&self, now: DateTime<Utc>) -> Effects {
        self.change(|backlog| backlog.tick(now))
    }

    /// Applies `work` to the backlog and wakes whom it may concern.
    pub(super) fn change(&self, work: impl FnOnce(&mut Backlog)) -> Effects {
        let (effects, sooner) = {
            let mut backlog = self.lock();
            let before = backlog.next_due();
            work(&mut backlog);
            (backlog.effects(), is_sooner(before, backlog.next_due()))
        };
        self.arrivals.send_replace(());
        if sooner {
            self.sooner.notify_one();
        }
        effects
    }

    /// When something is to be done here next, by [`Subscription::tick`] or for expiry.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        let backlog = self.lock().next_due();
        backlog.into_iter().chain(self.expires_at()).min()
    }

    pub(super) async fn due_sooner(&self) {
        self.sooner.notified().await;
    }

    /// Someone used the subscription, so it does not expire for a while.
    pub(super) fn touch(&self, now: DateTime<Utc>) {
        *self
            .last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Keeps the subscription from expiring until the guard is dropped.
    pub(super) fn open_stream(self: &Arc<Self>, holder: u64) -> OpenStream {
        self.users.fetch_add(1, Ordering::Relaxed);
        OpenStream {
            subscription: Arc::clone(self),
            holder,
        }
    }

    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        if self.users.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let ttl = self.settings.borrow().config.ttl()?;
        Some(
            *self
                .last_used
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                + ttl,
        )
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_sooner(before: Option<DateTime<Utc>>, after: Option<DateTime<Utc>>) -> bool {
    match (before, after) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    }
}

/// A connected consumer. Dropping it gives its messages back at once.
pub(super) struct OpenStream {
    pub(super) subscription: Arc<Subscription>,
    holder: u64,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.subscription.users.fetch_sub(1, Ordering::Relaxed);
        self.subscription.drop_holder(self.holder);
        // The last use ends now, which is when the time to live starts to run.
        self.subscription.sooner.notify_one();
    }
}
