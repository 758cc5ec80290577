//! Changing a shop's data.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    quota::Wallet,
    shops::{
        Plan, Shop,
        edit::{Editor, ShopPatch},
    },
};
use avvivo_kernel::{ShopId, time::business_day};
use avvivo_postgres::wallets;
use serde_json::{Map, Value};

use super::{change::Change, must_run_or_await};
use crate::{AppError, Deps};

/// Changes what the request names and its sender may write.
pub async fn run(
    deps: &Deps,
    caller: &Caller,
    id: ShopId,
    body: &Map<String, Value>,
) -> Result<Shop, AppError> {
    must_run_or_await(caller, id)?;
    let editor = if caller.is_admin() {
        Editor::Admin
    } else {
        Editor::Owner
    };
    let patch = ShopPatch::read(body, editor)?;
    let (mut change, before, wallet) = Change::with_wallet(deps, caller, id).await?;
    let edited = patch.apply(&before, change.now);
    change
        .save((&before, &edited.shop), AuditAction::ShopEdited, None)
        .await?;
    change.find_place(Some(&before), &edited.shop).await?;
    if let Some(plan) = edited.wallet_plan {
        follow_plan(&mut change, &edited.shop, wallet, plan).await?;
    }
    if edited.sync_owner {
        change.sync_owner(&edited.shop).await?;
    }
    change.commit().await?;
    Ok(edited.shop)
}

async fn follow_plan(
    change: &mut Change<'_>,
    shop: &Shop,
    wallet: Option<Wallet>,
    plan: Plan,
) -> Result<(), AppError> {
    let wallet = match wallet {
        Some(wallet) => wallet.under(plan),
        None => Wallet::open(
            plan,
            shop.stream_quota,
            shop.reel_quota,
            business_day(change.now),
        ),
    };
    Ok(wallets::save(&mut change.tx, shop.id, &wallet).await?)
}
