//! One stream's life, whoever carries its bytes: what it says first, between, and last, and when. Pure but for the seats.

use std::{sync::Arc, time::Duration};

use avvivo_kernel::Clock;
use bytes::Bytes;
use tokio::{runtime::Handle, sync::broadcast};
use tokio_util::sync::CancellationToken;

use crate::{
    account::Account,
    ending::Ending,
    frame::{Dialect, Gap},
    grants::{Grants, Right, Since},
    history::History,
    hub::Hub,
    instruments::Instruments,
    pace::{Pace, Tick},
    places::Place,
    seats::Seats,
};

/// Between two beats, as clients know it; well below the idle limit of any proxy.
pub(crate) const BEAT_EVERY: Duration = Duration::from_secs(25);
/// Everybody who came back after a fault came at once; without this they would be beaten to at once for ever.
const FIRST_BEAT_SPREAD: f64 = 0.4;

/// What all streams work with.
pub(crate) struct Surroundings {
    pub(crate) hub: Arc<Hub>,
    pub(crate) history: Arc<History>,
    pub(crate) grants: Grants,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
    pub(crate) instruments: Instruments,
    /// Where the history is asked, for those who cannot wait themselves.
    pub(crate) runtime: Handle,
    /// Fires when this instance shall be left.
    pub(crate) stopping: CancellationToken,
    /// Says whose rights have changed.
    pub(crate) revocations: broadcast::Sender<Revoked>,
    /// Over how long streams leave then.
    pub(crate) leave_within: Duration,
    /// How old a stream grows, give or take a fifth: then its client comes back, perhaps to another instance.
    pub(crate) max_age: Duration,
}

/// Whose streams have to end, because what they may hear has changed or may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// This account's.
    Account(Account),
    /// Everybody's: we do not know whose.
    All,
}

impl Revoked {
    /// Whether it concerns somebody.
    pub(crate) fn concerns(self, somebody: Account) -> bool {
        match self {
            Self::Account(account) => account == somebody,
            Self::All => true,
        }
    }
}

/// A stream that is open.
pub(crate) struct Session {
    pub(crate) seats: Seats,
    _place: Place,
    dialect: Dialect,
    beat_at: Tick,
    ends_at: Tick,
    ends_as: Ending,
}

/// How a stream begins.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    /// What it says first.
    pub(crate) greeting: Bytes,
    since: Since,
}

impl Opening {
    /// Whether somebody's rights have changed since they were found out. The stream was not there to be told.
    pub(crate) fn is_overtaken(&self, around: &Surroundings) -> bool {
        self.since != around.grants.now()
    }
}

/// What time brings.
#[derive(Debug)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// A sign of life.
    Beat(Bytes),
    /// The end.
    End(Ending),
}

impl Session {
    /// Opens a stream for somebody who is seated, by a right that was known then.
    pub(crate) fn open(
        around: &Surroundings,
        dialect: Dialect,
        (seats, since): (Seats, Since),
        place: Place,
    ) -> (Self, Opening) {
        let Right {
            channel,
            ends_at: right_ends,
            ..
        } = seats.grant().right;
        around.instruments.opened(channel);
        let (now, tick) = (around.clock.now(), around.pace.now());
        let age = around.max_age.mul_f64(0.8 + 0.4 * rand::random::<f64>());
        let grown_old = tick.after(age);
        let (ends_at, reason) = if right_ends <= grown_old {
            (right_ends, Ending::Expired)
        } else {
            (grown_old, Ending::Aged)
        };
        let first_beat = match dialect {
            Dialect::Chat => BEAT_EVERY,
            Dialect::Realtime => {
                BEAT_EVERY.mul_f64(1.0 - FIRST_BEAT_SPREAD * rand::random::<f64>())
            }
        };
        let retry = Ending::Client.retry(rand::random());
        let greeting = dialect.connected(channel, &seats.cursor(), retry, now);
        let session = Self {
            seats,
            _place: place,
            dialect,
            beat_at: tick.after(first_beat),
            ends_at,
            ends_as: reason,
        };
        (session, Opening { greeting, since })
    }

    /// Whose it is.
    pub(crate) fn account(&self) -> Account {
        self.seats.grant().right.account
    }

    /// When time brings something next.
    pub(crate) fn next_due(&self) -> Tick {
        self.beat_at.min(self.ends_at)
    }

    /// When it ends, and why.
    pub(crate) fn end_due(&self) -> (Tick, Ending) {
        (self.ends_at, self.ends_as)
    }

    /// What time has brought.
    pub(crate) fn due(&mut self, around: &Surroundings) -> Due {
        let now = around.pace.now();
        if now >= self.ends_at {
            return Due::End(self.ends_as);
        }
        if now < self.beat_at {
            return Due::Nothing;
        }
        self.beat_at = now.after(BEAT_EVERY);
        Due::Beat(self.dialect.beat(&self.seats.cursor(), around.clock.now()))
    }

    /// Something was written: where clients do not count the beats, that is as good as one.
    pub(crate) fn wrote(&mut self, now: Tick) {
        if self.dialect == Dialect::Realtime {
            self.beat_at = now.after(BEAT_EVERY);
        }
    }

    /// This instance shall be left: it ends at some moment within the time there is.
    pub(crate) fn leave(&mut self, around: &Surroundings) {
        let patience = around.leave_within.mul_f64(rand::random());
        let leaves_at = around.pace.now().after(patience);
        if leaves_at < self.ends_at {
            self.ends_at = leaves_at;
            self.ends_as = Ending::Draining;
        }
    }

    /// The last frame.
    pub(crate) fn end(&self, ending: Ending, around: &Surroundings) -> Bytes {
        tracing::debug!(reason = ending.as_str(), "a stream ends");
        let retry = ending.retry(rand::random());
        self.dialect.ended(ending, retry, around.clock.now())
    }

    /// Gives up what the ring of a seat's audience does not have. What the reader is told, when something is gone.
    pub(crate) fn give_up(&mut self, seat: usize, around: &Surroundings) -> Option<Bytes> {
        let (from, to) = self.seats.give_up(seat)?;
        around.instruments.missed();
        let gap = Gap {
            topic: self.seats.topic(seat)?.name(),
            from,
            to,
        };
        let cursor = self.seats.cursor();
        Some(self.dialect.gap(&gap, &cursor, around.clock.now()))
    }
}
