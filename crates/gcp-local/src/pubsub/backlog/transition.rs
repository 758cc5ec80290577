//! How a message gets from one phase to the next.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{AckId, Backlog, Delivery, Holder, Lease, Phase, Release, Time};
use crate::pubsub::message::MessageId;

impl Backlog {
    pub(super) fn lease(
        &mut self,
        holder: &Holder,
        id: MessageId,
        until: Time,
    ) -> Option<Delivery> {
        let entry = self.entries.get_mut(&id)?;
        self.last_lease += 1;
        entry.attempts += 1;
        entry.ackable = Some(self.last_lease);
        let delivery = Delivery {
            ack_id: AckId {
                message: id,
                lease: self.last_lease,
            },
            message: Arc::clone(&entry.message),
            attempt: entry.attempts,
        };
        self.enter(
            id,
            Phase::Leased(Lease {
                id: self.last_lease,
                until,
                holder: holder.id,
            }),
        );
        Some(delivery)
    }

    pub(super) fn lease_of(&self, id: MessageId) -> Option<Lease> {
        match self.entries.get(&id)?.phase {
            Phase::Leased(lease) => Some(lease),
            _ => None,
        }
    }

    pub(super) fn revoke(&mut self, id: MessageId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.ackable = None;
        }
    }

    pub(super) fn release(&mut self, id: MessageId, release: Release) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let next = match release {
            Release::Dropped => Phase::Waiting,
            Release::Failed(_) if self.rules.max_attempts.is_some_and(|m| entry.attempts >= m) => {
                self.effects
                    .dead
                    .push((Arc::clone(&entry.message), entry.attempts));
                Phase::Parked
            }
            Release::Failed(now) => self.pause(entry.attempts, now),
        };
        let key = entry.key.as_ref().and_then(|key| self.keys.get(key));
        for later in key.map(|key| key.sent_after(id)).unwrap_or_default() {
            if release != Release::Dropped {
                self.revoke(later);
            }
            self.enter(later, Phase::Waiting);
        }
        self.enter(id, next);
    }

    /// Doubles with every attempt, from the shortest pause to the longest.
    fn pause(&self, attempts: u32, now: Time) -> Phase {
        let Some((shortest, longest)) = self.rules.backoff else {
            return Phase::Waiting;
        };
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
        let pause = shortest.saturating_mul(doubled).min(longest);
        Phase::Delayed(now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX))
    }

    /// The one place where a phase changes; keeps every index in step with it.
    pub(super) fn enter(&mut self, id: MessageId, phase: Phase) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let old = std::mem::replace(&mut entry.phase, phase);
        let (key, bytes) = (entry.key.clone(), entry.message.bytes);
        self.leave(id, old, bytes);
        match phase {
            Phase::Leased(lease) => {
                self.timers.insert((lease.until, id));
                let held = self.held.entry(lease.holder).or_default();
                held.messages.insert(id);
                held.bytes += bytes;
            }
            Phase::Delayed(until) => {
                self.timers.insert((until, id));
            }
            Phase::Waiting if key.is_none() => {
                self.ready.insert(id);
            }
            Phase::Waiting | Phase::Acked | Phase::Parked => {}
        }
        if let Some(key) = key {
            self.keys
                .entry(Arc::clone(&key))
                .or_default()
                .note(id, phase);
            self.offer(&key);
        }
    }

    fn leave(&mut self, id: MessageId, old: Phase, bytes: usize) {
        self.ready.remove(&id);
        match old {
            Phase::Leased(lease) => {
                self.timers.remove(&(lease.until, id));
                if let Some(held) = self.held.get_mut(&lease.holder) {
                    held.messages.remove(&id);
                    held.bytes = held.bytes.saturating_sub(bytes);
                    if held.messages.is_empty() {
                        self.held.remove(&lease.holder);
                    }
                }
            }
            Phase::Delayed(until) => {
                self.timers.remove(&(until, id));
            }
            Phase::Waiting | Phase::Acked | Phase::Parked => {}
        }
    }

    /// Puts the key's first unsent message, and no other of it, among those that may go out.
    fn offer(&mut self, name: &Arc<str>) {
        let Some(key) = self.keys.get_mut(name) else {
            return;
        };
        let first = key.first_unsent();
        let waiting = first.filter(|id| {
            self.entries
                .get(id)
                .is_some_and(|entry| entry.phase == Phase::Waiting)
        });
        if let Some(old) = std::mem::replace(&mut key.offered, waiting) {
            self.ready.remove(&old);
        }
        self.ready.extend(waiting);
        if key.unsettled.is_empty() {
            self.keys.remove(name);
        }
    }

    pub(super) fn forget(&mut self, id: MessageId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        self.leave(id, entry.phase, entry.message.bytes);
        self.bytes = self.bytes.saturating_sub(entry.message.bytes);
        self.effects.settled.push(id);
        if let Some(key) = entry.key {
            if let Some(key) = self.keys.get_mut(&key) {
                key.forget(id);
            }
            self.offer(&key);
        }
    }
}
