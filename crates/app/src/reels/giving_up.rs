//! Giving a reel up, wherever that is decided: hidden with a reason, quota given back once, shop told.

use avvivo_domain::reels::{Reel, ReelStatus, RenderFailure, Stage};
use avvivo_kernel::Timestamp;
use avvivo_postgres::{Conn, DbError, reels::render, shops, wallets};

use crate::{Deps, announce};

/// Gives up a reel that is locked.
pub(crate) async fn give_up(
    deps: &Deps,
    conn: &mut Conn,
    reel: &Reel,
    failure: &RenderFailure,
    now: Timestamp,
) -> Result<(), DbError> {
    render::set_given_up(conn, reel.id, failure, now).await?;
    refund(deps, conn, reel, now).await?;
    let news = announce::ReelNews {
        status: ReelStatus::Hidden,
        stage: Some(Stage::FailedPermanent),
        progress: 0,
        failure: Some(failure),
        ..announce::ReelNews::of(reel)
    };
    announce::reel_status(deps, conn, news, now).await
}

async fn refund(deps: &Deps, conn: &mut Conn, reel: &Reel, now: Timestamp) -> Result<(), DbError> {
    let Some(charge) = wallets::find_charge(conn, reel.id).await? else {
        // An administrator gave it away: there is nothing to give back.
        return Ok(());
    };
    let entry = deps.ids.uuid();
    if !wallets::insert_refund(conn, entry, (reel.shop_id, reel.id), charge, now).await? {
        return Ok(());
    }
    let wallet = wallets::lock_reels(conn, reel.shop_id)
        .await?
        .refund(charge.slot, charge.day);
    wallets::set_reels(conn, reel.shop_id, &wallet).await?;
    shops::set_reel_quota(conn, reel.shop_id, wallet.remaining()).await
}
