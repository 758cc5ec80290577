//! Buying quota: a shop asks for it, an administrator credits it at once.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    quota::Wallet,
    shops::{
        Plan, Shop,
        purchase::{Buyer, Pack, PurchaseStatus, credit, purchase},
    },
};
use avvivo_kernel::{ShopId, time::business_day};
use avvivo_postgres::{
    purchases::{self, NewPurchase},
    wallets,
};

use super::change::Change;
use crate::{AppError, Deps};

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bought {
    /// The shop, with what it has been credited.
    pub shop: Shop,
    /// The purchase.
    pub purchase: NewPurchase,
}

/// Asks for quota, or credits it.
pub async fn run(
    deps: &Deps,
    caller: &Caller,
    id: ShopId,
    (pack, quantity): (Pack, u32),
) -> Result<Bought, AppError> {
    caller.must_run_shop(id)?;
    let buyer = if caller.is_admin() {
        Buyer::Admin
    } else {
        Buyer::Shop
    };
    let (mut change, before, wallet) = Change::with_wallet(deps, caller, id).await?;
    let decided = purchase(&before, pack, quantity, buyer, change.now)?;
    let bought = NewPurchase {
        id: deps.ids.uuid(),
        shop: id,
        pack: decided.pack,
        quantity: decided.quantity,
        status: decided.status,
        created_at: change.now,
        approved: (decided.status == PurchaseStatus::Approved)
            .then_some((change.now, caller.account_id)),
    };
    purchases::insert(&mut change.tx, &bought).await?;
    let shop = match decided.status {
        PurchaseStatus::Approved => credited(&mut change, wallet, &before, &bought).await?,
        PurchaseStatus::Pending | PurchaseStatus::Rejected | PurchaseStatus::Cancelled => before,
    };
    if let Some(notice) = &decided.notice {
        change.tell_admins("PURCHASE", notice, bought.id).await?;
    }
    change.commit().await?;
    Ok(Bought {
        shop,
        purchase: bought,
    })
}

async fn credited(
    change: &mut Change<'_>,
    wallet: Option<Wallet>,
    before: &Shop,
    bought: &NewPurchase,
) -> Result<Shop, AppError> {
    let wallet = wallet.unwrap_or_else(|| {
        Wallet::open(
            Plan::read(&before.plan),
            before.stream_quota,
            before.reel_quota,
            business_day(change.now),
        )
    });
    let (shop, wallet) = credit(before, &wallet, bought.pack, bought.quantity);
    wallets::save(&mut change.tx, shop.id, &wallet).await?;
    let entry = change.deps.ids.uuid();
    purchases::insert_credit(&mut change.tx, entry, bought).await?;
    change
        .save((before, &shop), AuditAction::QuotaPurchased, None)
        .await?;
    Ok(shop)
}
