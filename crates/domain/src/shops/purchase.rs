//! Buying quota.

use avvivo_kernel::Timestamp;
use chrono::TimeDelta;
use serde_json::Value;

use super::{Shop, ShopError};
use crate::{
    fields::{number, whole},
    quota::Wallet,
};

/// Whoever asks for the same again within this time has pressed twice.
pub const REPEATED_WITHIN: TimeDelta = TimeDelta::minutes(1);
/// More is a slip of the keyboard.
const MAX_AMOUNT: u32 = 1_000;

wire_enum! {
    /// What is bought.
    Pack {
        /// Lives.
        Lives = "LIVE_PACK",
        /// Reels.
        Reels = "REEL_PACK",
    }
}

wire_enum! {
    /// Where a purchase stands.
    PurchaseStatus {
        /// Asked for.
        Pending = "PENDING",
        /// Credited.
        Approved = "APPROVED",
        /// Turned down.
        Rejected = "REJECTED",
        /// Taken back.
        Cancelled = "CANCELLED",
    }
}

/// Reads the field `amount`: a number, or one written as text, above zero; fractions are cut.
pub fn amount(value: Option<&Value>) -> Result<u32, ShopError> {
    value
        .and_then(number)
        .and_then(whole)
        .filter(|amount| (1..=MAX_AMOUNT).contains(amount))
        .ok_or(ShopError::Amount)
}

/// Who buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buyer {
    /// The shop: somebody has to approve it.
    Shop,
    /// An administrator: it is credited at once.
    Admin,
}

/// What is written of a purchase, and who hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// What.
    pub pack: Pack,
    /// How much.
    pub quantity: u32,
    /// APPROVED when it is credited at once, see [`credit`]; else PENDING.
    pub status: PurchaseStatus,
    /// For every administrator.
    pub notice: Option<String>,
}

/// Decides on a purchase.
pub fn purchase(
    shop: &Shop,
    pack: Pack,
    quantity: u32,
    buyer: Buyer,
    now: Timestamp,
) -> Result<Purchase, ShopError> {
    if shop.has_no_plan() {
        return Err(ShopError::NoPlan);
    }
    if pack == Pack::Lives && shop.agenda_is_suspended(now) {
        return Err(ShopError::AgendaSuspended);
    }
    let of = match pack {
        Pack::Lives => "vivos",
        Pack::Reels => "historias",
    };
    Ok(match buyer {
        Buyer::Admin => Purchase {
            pack,
            quantity,
            status: PurchaseStatus::Approved,
            notice: None,
        },
        Buyer::Shop => Purchase {
            pack,
            quantity,
            status: PurchaseStatus::Pending,
            notice: Some(format!(
                "Nueva solicitud de compra de {of}: {} ({quantity}).",
                shop.name
            )),
        },
    })
}

/// The shop and its wallet with the extras of an approved purchase. The ledger gets a CREDIT of the same amount.
pub fn credit(shop: &Shop, wallet: &Wallet, pack: Pack, quantity: u32) -> (Shop, Wallet) {
    let (mut shop, mut wallet) = (shop.clone(), wallet.clone());
    let (shown, extra) = match pack {
        Pack::Lives => (&mut shop.stream_quota, &mut wallet.lives.extra_balance),
        Pack::Reels => (&mut shop.reel_quota, &mut wallet.reels.extra_balance),
    };
    *shown = shown.saturating_add(quantity);
    *extra = extra.saturating_add(quantity);
    (shop, wallet)
}

#[cfg(test)]
mod tests {
    use avvivo_kernel::time::business_day;
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::shops::{Plan, ShopStatus, Suspension, record::example};

    #[test]
    fn amounts_are_whole_and_above_zero() {
        for (sent, read) in [
            (json!(2), 2),
            (json!("3"), 3),
            (json!(2.9), 2),
            (json!(1000), 1000),
        ] {
            assert_eq!(amount(Some(&sent)), Ok(read), "{sent}");
        }
        for sent in [
            json!(0),
            json!(0.5),
            json!(-1),
            json!("x"),
            json!(null),
            json!(true),
            json!(1001),
            json!("inf"),
        ] {
            assert_eq!(amount(Some(&sent)), Err(ShopError::Amount), "{sent}");
        }
        assert_eq!(amount(None), Err(ShopError::Amount));
    }

    #[test]
    fn shops_ask_and_administrators_credit() {
        let now = example::now();
        let shop = example::shop();
        let asked = purchase(&shop, Pack::Lives, 2, Buyer::Shop, now).unwrap();
        assert_eq!(asked.status, PurchaseStatus::Pending);
        assert_eq!(
            asked.notice.as_deref(),
            Some("Nueva solicitud de compra de vivos: Luna Azul (2).")
        );
        let reels = purchase(&shop, Pack::Reels, 1, Buyer::Shop, now).unwrap();
        assert_eq!(
            reels.notice.as_deref(),
            Some("Nueva solicitud de compra de historias: Luna Azul (1).")
        );
        let done = purchase(&shop, Pack::Reels, 2, Buyer::Admin, now).unwrap();
        assert_eq!(
            (done.status, done.notice, done.quantity),
            (PurchaseStatus::Approved, None, 2)
        );
    }

    #[test]
    fn nothing_is_bought_without_a_plan_nor_lives_while_suspended() {
        let now = example::now();
        let refused = |shop: &Shop, pack| purchase(shop, pack, 1, Buyer::Admin, now).err();
        let no_plan = Shop {
            plan: "SIN_PLAN".to_owned(),
            ..example::shop()
        };
        assert_eq!(refused(&no_plan, Pack::Reels), Some(ShopError::NoPlan));
        let until = |until| Shop {
            suspension: Suspension {
                until: Some(until),
                ..Suspension::default()
            },
            ..example::shop()
        };
        let suspended = Shop {
            status: ShopStatus::AgendaSuspended,
            ..example::shop()
        };
        for suspended in [suspended, until(now + TimeDelta::seconds(1))] {
            assert_eq!(
                refused(&suspended, Pack::Lives),
                Some(ShopError::AgendaSuspended)
            );
            assert_eq!(refused(&suspended, Pack::Reels), None);
        }
        assert_eq!(refused(&until(now), Pack::Lives), None);
    }

    #[test]
    fn a_credit_adds_extras_and_shows_them() {
        let shop = example::shop();
        let wallet = Wallet::open(Plan::High, 1, 3, business_day(example::now()));
        let (after, credited) = credit(&shop, &wallet, Pack::Lives, 2);
        assert_eq!((after.stream_quota, after.reel_quota), (4, 3));
        assert_eq!(
            (credited.lives.extra_balance, credited.reels.extra_balance),
            (2, 0)
        );
        let (after, credited) = credit(&shop, &wallet, Pack::Reels, 2);
        assert_eq!((after.stream_quota, after.reel_quota), (2, 5));
        assert_eq!(
            (credited.lives.extra_balance, credited.reels.extra_balance),
            (0, 2)
        );
    }
}
