//! The messages of one ordering key.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use super::Phase;
use crate::pubsub::message::MessageId;

/// `unsettled` is the disjoint union of `unsent`, `leased` and the acknowledged ones that wait for
/// an earlier message.
#[derive(Default)]
pub(super) struct Key {
    pub(super) unsettled: BTreeSet<MessageId>,
    unsent: BTreeSet<MessageId>,
    leased: BTreeSet<MessageId>,
    /// Who has the leased ones.
    holder: Option<u64>,
    /// The message that stands in the subscription's ready set.
    pub(super) offered: Option<MessageId>,
}

impl Key {
    pub(super) fn first(&self) -> Option<MessageId> {
        self.unsettled.first().copied()
    }

    pub(super) fn first_unsent(&self) -> Option<MessageId> {
        self.unsent.first().copied()
    }

    /// `None` when no message is out, so that anybody may take the next.
    pub(super) fn holder(&self) -> Option<u64> {
        self.holder.filter(|_| !self.leased.is_empty())
    }

    /// Later messages that went out already, acknowledged or not.
    pub(super) fn sent_after(&self, id: MessageId) -> Vec<MessageId> {
        let later = self.unsettled.range((Excluded(id), Unbounded));
        later
            .filter(|id| !self.unsent.contains(id))
            .copied()
            .collect()
    }

    pub(super) fn note(&mut self, id: MessageId, phase: Phase) {
        self.unsent.remove(&id);
        self.leased.remove(&id);
        match phase {
            Phase::Waiting | Phase::Delayed(_) | Phase::Parked => {
                self.unsent.insert(id);
            }
            Phase::Leased(lease) => {
                self.leased.insert(id);
                self.holder = Some(lease.holder);
            }
            Phase::Acked => {}
        }
    }

    pub(super) fn forget(&mut self, id: MessageId) {
        self.unsettled.remove(&id);
        self.unsent.remove(&id);
        self.leased.remove(&id);
    }
}
