//! What one subscription still has to deliver: leases, redelivery, order. Pure: no clock, no I/O,
//! no locks; [`super::subscription`] puts those around it.
//!
//! A message is in exactly one phase:
//!
//! ```text
//!            take                 ack
//! Waiting ─────────▶ Leased ──────────────▶ settled (gone), or Acked when its key has an
//!    ▲  ▲              │                     earlier message that is not settled yet
//!    │  │ drop         │ nack, lease ran out
//!    │  └──────────────┤
//!    │     back-off    ▼
//!    └──────────── Delayed, or Parked after the last attempt (until dead-lettered)
//! ```
//!
//! With ordering, the messages of a key go out in the order they were published and only to one
//! holder at a time, several of them ahead of their acknowledgements. When one of them comes back,
//! every later one of its key comes back too, acknowledged or not, and they go out again in order.

mod ack_id;
mod key;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub(super) use self::ack_id::AckId;
use self::key::Key;
use super::message::{Message, MessageId};

type Time = DateTime<Utc>;

/// What is taken at once travels in one gRPC message, and clients accept four megabytes by default.
/// One message is always taken, whatever its size.
const TAKE_BYTES: usize = 1 << 20;

/// What of a subscription's configuration decides deliveries.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) ordered: bool,
    pub(super) retention: Duration,
    /// Shortest and longest pause before a redelivery.
    pub(super) backoff: Option<(Duration, Duration)>,
    /// Attempts after which a message is dead.
    pub(super) max_attempts: Option<u32>,
}

/// Who takes messages, and how many it can hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub(super) id: u64,
    pub(super) max_messages: usize,
    pub(super) max_bytes: usize,
    pub(super) per_key: PerKey,
}

/// How many messages of one ordering key may be out at once. A stream keeps their order, separate
/// push requests would not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PerKey {
    Many,
    One,
}

#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) ack_id: AckId,
    pub(super) message: Arc<Message>,
    pub(super) attempt: u32,
}

/// What the world outside has to do after a change.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// Gone for this subscription; their rows are to be deleted.
    pub(super) settled: Vec<MessageId>,
    /// Parked; to be published to the dead-letter topic, then settled.
    pub(super) dead: Vec<(Arc<Message>, u32)>,
}

struct Entry {
    message: Arc<Message>,
    key: Option<Arc<str>>,
    attempts: u32,
    phase: Phase,
    /// The lease whose acknowledgement counts: the last one, also after its end, as long as nobody
    /// has to get the message again.
    ackable: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting,
    Delayed(Time),
    Leased(Lease),
    Acked,
    Parked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    id: i64,
    until: Time,
    holder: u64,
}

#[derive(Default)]
struct Held {
    messages: BTreeSet<MessageId>,
    bytes: usize,
}

/// Why a lease ended without an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Release {
    /// Nacked or run out: counts against the message.
    Failed(Time),
    /// Its holder went away: nobody's fault, redelivered at once.
    Dropped,
}

pub(super) struct Backlog {
    rules: Rules,
    entries: BTreeMap<MessageId, Entry>,
    bytes: usize,
    /// What may go out now, oldest first; of an ordering key at most its first message.
    ready: BTreeSet<MessageId>,
    keys: HashMap<Arc<str>, Key>,
    /// Ends of leases and of pauses.
    timers: BTreeSet<(Time, MessageId)>,
    held: HashMap<u64, Held>,
    last_lease: i64,
    effects: Effects,
}

impl Backlog {
    /// `last_lease` must be beyond every lease of an earlier life, so that old acknowledgements
    /// cannot hit new leases.
    pub(super) fn new(rules: Rules, last_lease: i64) -> Self {
        Self {
            rules,
            entries: BTreeMap::new(),
            bytes: 0,
            ready: BTreeSet::new(),
            keys: HashMap::new(),
            timers: BTreeSet::new(),
            held: HashMap::new(),
            last_lease,
            effects: Effects::default(),
        }
    }

    /// New rules hold for what happens from now on.
    pub(super) fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether `holder` has any message.
    pub(super) fn holds(&self, holder: u64) -> bool {
        self.held.contains_key(&holder)
    }

    pub(super) fn effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Messages come in the order of their ids.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        let id = message.id;
        let ordering_key = message.body.ordering_key.as_str();
        let key = (self.rules.ordered && !ordering_key.is_empty()).then(|| ordering_key.into());
        self.bytes += message.bytes;
        if let Some(key) = &key {
            self.keys
                .entry(Arc::clone(key))
                .or_default()
                .unsettled
                .insert(id);
        }
        let entry = Entry {
            message,
            key,
            attempts: 0,
            phase: Phase::Parked,
            ackable: None,
        };
        self.entries.insert(id, entry);
        self.enter(id, Phase::Waiting);
    }

    /// Leases up to `limit` messages, of about a megabyte together, to `holder` until `until`,
    /// oldest first.
    pub(super) fn take(&mut self, holder: &Holder, limit: usize, until: Time) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let mut passed = MessageId::MIN;
        let mut bytes = 0;
        while deliveries.len() < limit && bytes < TAKE_BYTES && self.has_room(holder) {
            let Some(&id) = self.ready.range((Excluded(passed), Unbounded)).next() else {
                break;
            };
            passed = id;
            if self.may_take(holder, id)
                && let Some(delivery) = self.lease(holder, id, until)
            {
                bytes += delivery.message.bytes;
                deliveries.push(delivery);
            }
        }
        deliveries
    }

    pub(super) fn ack(&mut self, ack_id: &AckId) {
        let entry = self.entries.get(&ack_id.message);
        if entry.is_some_and(|entry| entry.ackable == Some(ack_id.lease)) {
            self.settle(ack_id.message);
        }
    }

    pub(super) fn nack(&mut self, ack_id: &AckId, now: Time) {
        if self
            .lease_of(ack_id.message)
            .is_some_and(|lease| lease.id == ack_id.lease)
        {
            self.revoke(ack_id.message);
            self.release(ack_id.message, Release::Failed(now));
        }
    }

    pub(super) fn extend(&mut self, ack_id: &AckId, until: Time) {
        if let Some(lease) = self.lease_of(ack_id.message)
            && lease.id == ack_id.lease
        {
            self.enter(ack_id.message, Phase::Leased(Lease { until, ..lease }));
        }
    }

    /// Gives back everything `holder` has.
    pub(super) fn drop_holder(&mut self, holder: u64) {
        let held = self
            .held
            .get(&holder)
            .map(|held| held.messages.clone())
            .unwrap_or_default();
        for id in held {
            // The release of an earlier one of its key may have released it already.
            if self.lease_of(id).is_some() {
                self.release(id, Release::Dropped);
            }
        }
    }

    /// Ends the leases and pauses that are over and forgets messages past their retention.
    pub(super) fn tick(&mut self, now: Time) {
        while let Some(&(due, id)) = self.timers.first()
            && due <= now
        {
            self.timers.pop_first();
            match self.entries.get(&id).map(|entry| entry.phase) {
                Some(Phase::Leased(_)) => self.release(id, Release::Failed(now)),
                _ => self.enter(id, Phase::Waiting),
            }
        }
        while let Some((&id, entry)) = self.entries.first_key_value()
            && entry.message.published + self.rules.retention <= now
        {
            self.forget(id);
        }
    }

    /// When [`Backlog::tick`] has something to do next.
    pub(super) fn next_due(&self) -> Option<Time> {
        let timer = self.timers.first().map(|&(due, _)| due);
        let oldest = self.entries.first_key_value();
        let retention = oldest.map(|(_, entry)| entry.message.published + self.rules.retention);
        timer.into_iter().chain(retention).min()
    }

    /// Counts a message as acknowledged, whatever its phase.
    pub(super) fn settle(&mut self, id: MessageId) {
        let Some(key) = self.entries.get(&id).map(|entry| entry.key.clone()) else {
            return;
        };
        let Some(key) = key else {
            return self.forget(id);
        };
        self.enter(id, Phase::Acked);
        while let Some(first) = self.keys.get(&key).and_then(Key::first)
            && self
                .entries
                .get(&first)
                .is_some_and(|entry| entry.phase == Phase::Acked)
        {
            self.forget(first);
        }
    }

    /// Offers a parked message again.
    pub(super) fn unpark(&mut self, id: MessageId) {
        if self
            .entries
            .get(&id)
            .is_some_and(|entry| entry.phase == Phase::Parked)
        {
            self.enter(id, Phase::Waiting);
        }
    }

    fn has_room(&self, holder: &Holder) -> bool {
        self.held.get(&holder.id).is_none_or(|held| {
            held.messages.len() < holder.max_messages && held.bytes < holder.max_bytes
        })
    }

    fn may_take(&self, holder: &Holder, id: MessageId) -> bool {
        let key = self.entries.get(&id).and_then(|entry| entry.key.as_ref());
        let Some(key) = key.and_then(|key| self.keys.get(key)) else {
            return true;
        };
        match holder.per_key {
            PerKey::Many => key.holder().is_none_or(|other| other == holder.id),
            PerKey::One => key.holder().is_none(),
        }
    }
}
