//! Publishing quota: a daily base that the plan includes, and extras that were bought.

mod wallet;

use avvivo_kernel::{ErrorKind, Fault};
use chrono::NaiveDate;

pub use wallet::{LiveWallet, Wallet, monday};

/// The reel half of a shop's wallet, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReelWallet {
    /// Reels a day that the plan included when the day began.
    pub daily_limit: u32,
    /// How many of those are spent.
    pub daily_used: u32,
    /// The business day that `daily_used` counts; none before the first.
    pub day: Option<NaiveDate>,
    /// Extras left. They do not run out with the day.
    pub extra_balance: u32,
}

/// What a slot was paid with; it decides where a refund goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The day's base.
    Base,
    /// An extra.
    Extra,
}

/// A wallet after a movement, and the movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The wallet to store.
    pub wallet: ReelWallet,
    /// Which slot moved.
    pub slot: Slot,
}

impl ReelWallet {
    /// What is left today: base and extras together.
    pub fn remaining(&self) -> u32 {
        self.daily_limit
            .saturating_sub(self.daily_used)
            .saturating_add(self.extra_balance)
    }

    /// The wallet as it stands on `today` under a plan of `daily_limit` reels a day.
    #[must_use]
    pub fn on(&self, today: NaiveDate, daily_limit: u32) -> Self {
        if self.day == Some(today) {
            return self.clone();
        }
        Self {
            daily_limit,
            daily_used: 0,
            day: Some(today),
            extra_balance: self.extra_balance,
        }
    }

    /// Spends one reel: the base first, then an extra.
    pub fn reserve(&self, today: NaiveDate, daily_limit: u32) -> Result<Movement, QuotaError> {
        let mut wallet = self.on(today, daily_limit);
        if wallet.daily_used < wallet.daily_limit {
            wallet.daily_used = wallet.daily_used.saturating_add(1);
            return Ok(Movement {
                wallet,
                slot: Slot::Base,
            });
        }
        match wallet.extra_balance.checked_sub(1) {
            Some(left) => {
                wallet.extra_balance = left;
                Ok(Movement {
                    wallet,
                    slot: Slot::Extra,
                })
            }
            None => Err(QuotaError::NoReelsLeft),
        }
    }

    /// Gives one reel back. A base slot of a day that is over is gone with that day.
    #[must_use]
    pub fn refund(&self, slot: Slot, taken_on: NaiveDate) -> ReelWallet {
        let mut wallet = self.clone();
        match slot {
            Slot::Base if wallet.day == Some(taken_on) => {
                wallet.daily_used = wallet.daily_used.saturating_sub(1);
            }
            Slot::Base => {}
            Slot::Extra => wallet.extra_balance = wallet.extra_balance.saturating_add(1),
        }
        wallet
    }
}

/// Why nothing was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Neither base nor extras are left.
    #[error("no reel quota left")]
    NoReelsLeft,
}

impl Fault for QuotaError {
    fn kind(&self) -> ErrorKind {
        match self {
            // Not "limit reached": waiting a few seconds, as a 429 suggests, does not help. Not "conflict": clients take a
            // 409 for a reel that is still being processed.
            Self::NoReelsLeft => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoReelsLeft => "quota.no_reels_left",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::NoReelsLeft => {
                "No te quedan historias para publicar hoy. Sumá un pack o esperá a mañana."
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, n).unwrap()
    }

    fn wallet() -> ReelWallet {
        ReelWallet {
            daily_limit: 1,
            daily_used: 0,
            day: Some(day(10)),
            extra_balance: 1,
        }
    }

    #[test]
    fn the_base_goes_first_then_the_extras_then_nothing() {
        let first = wallet().reserve(day(10), 1).unwrap();
        let second = first.wallet.reserve(day(10), 1).unwrap();
        assert_eq!((first.slot, second.slot), (Slot::Base, Slot::Extra));
        assert_eq!(
            second.wallet.reserve(day(10), 1),
            Err(QuotaError::NoReelsLeft)
        );
    }

    #[test]
    fn a_new_day_brings_the_base_back_at_the_limit_of_the_plan() {
        let spent = wallet().reserve(day(10), 1).unwrap().wallet;
        assert_eq!(spent.on(day(11), 3).remaining(), 4);
    }

    #[test]
    fn the_base_of_yesterday_is_not_given_back_today() {
        let spent = wallet().reserve(day(10), 1).unwrap().wallet;
        let today = spent.reserve(day(11), 1).unwrap().wallet;
        assert_eq!(today.refund(Slot::Base, day(10)), today);
    }

    proptest! {
        #[test]
        fn a_refund_undoes_a_reservation(limit in 0u32..6, used in 0u32..6, extra in 0u32..6) {
            let before = ReelWallet {
                daily_limit: limit,
                daily_used: used.min(limit),
                day: Some(day(10)),
                extra_balance: extra,
            };
            if let Ok(spent) = before.reserve(day(10), limit) {
                prop_assert_eq!(spent.wallet.remaining() + 1, before.remaining());
                prop_assert_eq!(spent.wallet.refund(spent.slot, day(10)), before);
            } else {
                prop_assert_eq!(before.remaining(), 0);
            }
        }
    }
}
