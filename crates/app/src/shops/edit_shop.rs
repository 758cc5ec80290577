//! Changing a shop's data.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    shops::edit::{Editor, ShopPatch},
};
use avvivo_kernel::ShopId;
use avvivo_postgres::{shops::ListedShop, wallets};
use serde_json::{Map, Value};

use super::change::Change;
use crate::{AppError, Deps};

/// Changes what the request names and its sender may write.
pub async fn run(
    deps: &Deps,
    caller: &Caller,
    id: ShopId,
    body: &Map<String, Value>,
) -> Result<ListedShop, AppError> {
    caller.must_run_or_await(id)?;
    let editor = if caller.is_admin() {
        Editor::Admin
    } else {
        Editor::Owner
    };
    let patch = ShopPatch::read(body, editor)?;
    let (mut change, before, wallet) = Change::with_wallet(deps, caller, id).await?;
    before.must_be_owned_by(caller)?;
    let edited = patch.apply(&before, change.now)?;
    change
        .save((&before, &edited.shop), AuditAction::ShopEdited, None)
        .await?;
    change.find_place(Some(&before), &edited.shop).await?;
    if let Some(plan) = edited.wallet_plan {
        let wallet = change.wallet_of(wallet, &edited.shop).under(plan);
        wallets::save(&mut change.tx, id, &wallet).await?;
    }
    if edited.sync_owner {
        change.sync_owner(&edited.shop).await?;
    }
    let shop = if edited.shop.is_as(&before) {
        before
    } else {
        edited.shop
    };
    change.commit_and_show(shop).await
}
