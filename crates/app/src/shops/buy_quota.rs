//! Buying quota: a shop asks for it, an administrator credits it at once.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    notifications::NotificationKind,
    quota::Wallet,
    shops::{
        Shop,
        purchase::{
            Buyer, Pack, Purchase as Decided, PurchaseStatus, REPEATED_WITHIN, amount, credit,
            purchase,
        },
    },
};
use avvivo_kernel::ShopId;
use avvivo_postgres::{
    purchases::{self, Purchase},
    shops::ListedShop,
    wallets,
};
use serde_json::Value;
use uuid::Uuid;

use super::change::Change;
use crate::{AppError, Deps};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub pack: Pack,
    /// How much, as it was sent.
    pub amount: Option<Value>,
    /// The same key gives the same purchase.
    pub idempotency_key: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bought {
    /// The shop, with what it has been credited.
    pub shop: ListedShop,
    /// The purchase.
    pub purchase: Purchase,
}

/// Asks for quota, or credits it. The same request again finds what the first one made.
pub async fn run(
    deps: &Deps,
    caller: &Caller,
    id: ShopId,
    order: &Order,
) -> Result<Bought, AppError> {
    caller.must_run_shop(id)?;
    let wanted = (order.pack, amount(order.amount.as_ref())?);
    let key = order.idempotency_key.as_deref();
    // A name of the shop and the key: no table is needed to find it again.
    let keyed = key.map(|key| Uuid::new_v5(&id.as_uuid(), key.as_bytes()));
    let buyer = if caller.is_admin() {
        Buyer::Admin
    } else {
        Buyer::Shop
    };
    let (mut change, before, wallet) = Change::with_wallet(deps, caller, id).await?;
    before.must_be_run_by(caller)?;
    let decided = purchase(&before, wanted.0, wanted.1, buyer, change.now);
    let earlier = find_earlier(&mut change, id, keyed, decided.as_ref().ok()).await?;
    if let Some(purchase) = earlier {
        let shop = change.show(before).await?;
        return Ok(Bought { shop, purchase });
    }
    let decided = decided?;
    let bought = Purchase {
        id: keyed.unwrap_or_else(|| deps.ids.uuid()),
        shop: id,
        pack: decided.pack,
        quantity: decided.quantity,
        status: decided.status,
        created_at: change.now,
        approved: (decided.status == PurchaseStatus::Approved)
            .then_some((change.now, Some(caller.account_id))),
    };
    purchases::insert(&mut change.tx, &bought).await?;
    let shop = match buyer {
        Buyer::Admin => credited(&mut change, caller, wallet, (&before, &bought)).await?,
        Buyer::Shop => before,
    };
    if let Some(notice) = &decided.notice {
        let kind = NotificationKind::Purchase;
        change.tell_admins(kind, notice, bought.id).await?;
    }
    Ok(Bought {
        shop: change.commit_and_show(shop).await?,
        purchase: bought,
    })
}

/// What the same request made before. The shop is locked, so of requests that come at once one makes it.
async fn find_earlier(
    change: &mut Change<'_>,
    shop: ShopId,
    keyed: Option<Uuid>,
    decided: Option<&Decided>,
) -> Result<Option<Purchase>, AppError> {
    let since = change.now - REPEATED_WITHIN;
    Ok(match (keyed, decided) {
        (Some(id), _) => purchases::find(&mut change.tx, id).await?,
        (None, Some(asked)) if asked.status == PurchaseStatus::Pending => {
            let same = (asked.pack, asked.quantity);
            purchases::find_waiting(&mut change.tx, shop, same, since).await?
        }
        (None, _) => None,
    })
}

async fn credited(
    change: &mut Change<'_>,
    admin: &Caller,
    wallet: Option<Wallet>,
    (before, bought): (&Shop, &Purchase),
) -> Result<Shop, AppError> {
    let wallet = change.wallet_of(wallet, before);
    let (shop, wallet) = credit(before, &wallet, bought.pack, bought.quantity);
    wallets::save(&mut change.tx, shop.id, &wallet).await?;
    let entry = change.deps.ids.uuid();
    wallets::insert_purchase(&mut change.tx, entry, bought, admin.account_id).await?;
    change
        .save((before, &shop), AuditAction::QuotaPurchased, None)
        .await?;
    Ok(shop)
}
