//! Giving a reel up, wherever that is decided: hidden with a reason, quota given back once, files condemned, shop told.
//!
//! Locks are taken in the order of every use case: reel, wallet, files, audiences.

use avvivo_domain::{
    quota::Slot,
    reels::{
        Reel, ReelStatus, RenderFailure, Stage,
        render::{Refund, with_refund},
    },
};
use avvivo_kernel::{ReelId, Timestamp, time::business_day};
use avvivo_postgres::{
    Conn, DbError, Transaction,
    reels::{self, render},
    shops, uploads, wallets,
};

use crate::{Deps, announce};

/// Gives up a reel that is locked.
pub(crate) async fn give_up(
    deps: &Deps,
    tx: &mut Transaction,
    reel: &Reel,
    failure: &RenderFailure,
    now: Timestamp,
) -> Result<(), DbError> {
    let given_back = refund(deps, tx, reel, now).await?;
    let failure = with_refund(failure.clone(), given_back);
    render::set_given_up(tx, reel.id, &failure, now).await?;
    bury_sources(deps, tx, reel.id, now).await?;
    let news = announce::ReelNews {
        status: ReelStatus::Hidden,
        stage: Some(Stage::FailedPermanent),
        progress: 0,
        failure: Some(&failure),
        ..announce::ReelNews::of(reel)
    };
    announce::reel_status(deps, tx, news, now).await
}

/// Condemns the files of a reel that will never be rendered. Whatever else is to be rendered from them keeps them until then.
pub(crate) async fn bury_sources(
    deps: &Deps,
    conn: &mut Conn,
    reel: ReelId,
    now: Timestamp,
) -> Result<(), DbError> {
    let sources = reels::list_sources(conn, reel).await?;
    let paths: Vec<String> = sources.into_iter().map(|source| source.path).collect();
    uploads::bury(conn, &paths, deps.unused_after(now)).await
}

/// Whether the shop has one reel more to publish now.
async fn refund(
    deps: &Deps,
    conn: &mut Conn,
    reel: &Reel,
    now: Timestamp,
) -> Result<Refund, DbError> {
    let Some(charge) = wallets::find_charge(conn, reel.id).await? else {
        // An administrator gave it away: there is nothing to give back.
        return Ok(Refund::Nothing);
    };
    let entry = deps.ids.uuid();
    if !wallets::insert_refund(conn, entry, (reel.shop_id, reel.id), charge, now).await? {
        return Ok(Refund::Nothing);
    }
    let before = wallets::lock_reels(conn, reel.shop_id).await?;
    let wallet = before.refund(charge.slot, charge.day);
    wallets::set_reels(conn, reel.shop_id, &wallet).await?;
    shops::set_reel_quota(conn, reel.shop_id, wallet.remaining()).await?;
    // A base slot of a day that is over went with that day, whether or not the wallet has counted since.
    let over = charge.slot == Slot::Base && charge.day != business_day(now);
    Ok(if over || wallet == before {
        Refund::Nothing
    } else {
        Refund::Given
    })
}
