//! The whole wallet of a shop: when it is opened, when its plan changes, when extras are bought.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::ReelWallet;
use crate::shops::plan::Plan;

/// The live half of a shop's wallet, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveWallet {
    /// Lives a week that the plan includes.
    pub weekly_limit: u32,
    /// How many of those are spent.
    pub weekly_used: u32,
    /// Monday of the week that `weekly_used` counts.
    pub week: Option<NaiveDate>,
    /// Extras left.
    pub extra_balance: u32,
}

/// Both halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// Lives.
    pub lives: LiveWallet,
    /// Reels.
    pub reels: ReelWallet,
}

impl LiveWallet {
    /// The wallet as it stands on `today` under a plan of `weekly_limit` lives a week.
    #[must_use]
    pub fn on(&self, today: NaiveDate, weekly_limit: u32) -> Self {
        let week = Some(monday(today));
        if self.week == week {
            return self.clone();
        }
        Self {
            weekly_limit,
            weekly_used: 0,
            week,
            extra_balance: self.extra_balance,
        }
    }
}

impl Wallet {
    /// A new shop's: of the quotas it is given, what the plan includes is its base, what is more are extras.
    pub fn open(plan: Plan, live_quota: u32, reel_quota: u32, today: NaiveDate) -> Self {
        let (weekly, daily) = (plan.weekly_lives(), plan.daily_reels());
        Self {
            lives: LiveWallet {
                weekly_limit: weekly,
                weekly_used: weekly.saturating_sub(live_quota),
                week: Some(monday(today)),
                extra_balance: live_quota.saturating_sub(weekly),
            },
            reels: ReelWallet {
                daily_limit: daily,
                daily_used: daily.saturating_sub(reel_quota),
                day: Some(today),
                extra_balance: reel_quota.saturating_sub(daily),
            },
        }
    }

    /// Both halves as they stand on `today` under this plan: of a week or a day that is over nothing counts but extras.
    #[must_use]
    pub fn on(&self, today: NaiveDate, plan: Plan) -> Self {
        Self {
            lives: self.lives.on(today, plan.weekly_lives()),
            reels: self.reels.on(today, plan.daily_reels()),
        }
    }

    /// Under another plan: the limits follow, what was spent is never more than the limit, extras stay.
    #[must_use]
    pub fn under(&self, plan: Plan) -> Self {
        let mut wallet = self.clone();
        wallet.lives.weekly_limit = plan.weekly_lives();
        wallet.lives.weekly_used = wallet.lives.weekly_used.min(plan.weekly_lives());
        wallet.reels.daily_limit = plan.daily_reels();
        wallet.reels.daily_used = wallet.reels.daily_used.min(plan.daily_reels());
        wallet
    }
}

/// The Monday of the week of a day.
pub fn monday(day: NaiveDate) -> NaiveDate {
    day - TimeDelta::days(day.weekday().num_days_from_monday().into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, n).unwrap()
    }

    #[test]
    fn a_week_begins_on_monday() {
        for (of, begins) in [(9, 9), (11, 9), (15, 9), (16, 16)] {
            assert_eq!(monday(day(of)), day(begins));
        }
    }

    #[test]
    fn given_quotas_fill_the_base_and_then_the_extras() {
        for (plan, quotas, lives, reels) in [
            (Plan::Maximum, (3, 5), (3, 0, 0), (5, 0, 0)),
            (Plan::Maximum, (1, 7), (3, 2, 0), (5, 0, 2)),
            (Plan::Standard, (2, 0), (0, 0, 2), (1, 1, 0)),
            (Plan::None, (0, 1), (0, 0, 0), (1, 0, 0)),
        ] {
            let wallet = Wallet::open(plan, quotas.0, quotas.1, day(11));
            let live = &wallet.lives;
            let reel = &wallet.reels;
            assert_eq!(
                (live.weekly_limit, live.weekly_used, live.extra_balance),
                lives
            );
            assert_eq!(
                (reel.daily_limit, reel.daily_used, reel.extra_balance),
                reels
            );
            assert_eq!((live.week, reel.day), (Some(day(9)), Some(day(11))));
        }
    }

    #[test]
    fn another_plan_moves_the_limits_and_nothing_else() {
        let spent = Wallet {
            lives: LiveWallet {
                weekly_limit: 3,
                weekly_used: 2,
                week: Some(day(9)),
                extra_balance: 4,
            },
            reels: ReelWallet {
                daily_limit: 5,
                daily_used: 4,
                day: Some(day(11)),
                extra_balance: 6,
            },
        };
        let less = spent.under(Plan::High);
        assert_eq!((less.lives.weekly_limit, less.lives.weekly_used), (1, 1));
        assert_eq!((less.reels.daily_limit, less.reels.daily_used), (3, 3));
        assert_eq!((less.lives.extra_balance, less.reels.extra_balance), (4, 6));
        assert_eq!(
            (less.lives.week, less.reels.day),
            (Some(day(9)), Some(day(11)))
        );
        let more = less.under(Plan::Maximum);
        assert_eq!((more.lives.weekly_limit, more.lives.weekly_used), (3, 1));
        assert_eq!((more.reels.daily_limit, more.reels.daily_used), (5, 3));
    }

    #[test]
    fn of_a_week_or_a_day_that_is_over_only_extras_count() {
        let wallet = Wallet::open(Plan::Maximum, 1, 2, day(11));
        let seen = |today| {
            let Wallet { lives, reels } = wallet.on(today, Plan::High);
            let lives = (lives.weekly_limit, lives.weekly_used, lives.week);
            (lives, (reels.daily_limit, reels.daily_used, reels.day))
        };
        let (monday, next) = (Some(day(9)), Some(day(16)));
        assert_eq!(seen(day(11)), ((3, 2, monday), (5, 3, Some(day(11)))));
        assert_eq!(seen(day(15)), ((3, 2, monday), (3, 0, Some(day(15)))));
        assert_eq!(seen(day(16)), ((1, 0, next), (3, 0, Some(day(16)))));
        let bought = Wallet::open(Plan::Standard, 4, 6, day(11)).on(day(16), Plan::Standard);
        let extras = (bought.lives.extra_balance, bought.reels.extra_balance);
        assert_eq!(extras, (4, 5));
    }

    proptest! {
        #[test]
        fn a_new_wallet_is_worth_what_was_given(live in 0_u32..20, reel in 0_u32..20) {
            for plan in [Plan::None, Plan::Standard, Plan::High, Plan::Maximum] {
                let wallet = Wallet::open(plan, live, reel, day(11));
                let lives = wallet.lives.weekly_limit - wallet.lives.weekly_used + wallet.lives.extra_balance;
                prop_assert_eq!(lives, live);
                prop_assert_eq!(wallet.reels.remaining(), reel);
            }
        }
    }
}
