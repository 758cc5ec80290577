//! A shop publishes: quota is charged, the reel waits for its renderer, the job is in the same commit.

mod media;

use avvivo_contracts::jobs::v1::RenderReel;
use avvivo_domain::{
    identity::Caller,
    reels::{
        Platform, Reel, ReelError, ReelStatus, ReelType, Source,
        create::{Draft, Media, create, may_publish, preset_label, single_processing},
        render,
    },
};
use avvivo_kernel::{ReelId, ShopId, Timestamp, time::business_day};
use avvivo_ports::QueueName;
use avvivo_postgres::{
    Conn, DbError, Transaction,
    outbox::{self, NewJob},
    reels::{self, ReelWithShop, lists},
    shops, uploads, wallets,
};
use prost::Message as _;
use serde_json::Value;
use uuid::Uuid;

use crate::{AppError, Deps, announce, reels::give_up};

/// What is asked, as the client's fields say it.
#[derive(Debug, Clone)]
pub struct CreateReel {
    /// Who asks.
    pub caller: Caller,
    /// For which shop.
    pub shop: ShopId,
    /// What it consists of.
    pub kind: ReelType,
    /// The video's address.
    pub video_url: Option<String>,
    /// The photos' addresses.
    pub photo_urls: Vec<String>,
    /// A still that the client offers.
    pub thumbnail_url: Option<String>,
    /// Seconds, already read.
    pub duration_seconds: u32,
    /// The network it imitates.
    pub platform: Platform,
    /// A label.
    pub preset_label: Option<String>,
    /// The editor's state.
    pub editor_state: Option<Value>,
    /// An administrator publishes without quota and rules.
    pub admin_override: bool,
    /// The same key gives the same reel.
    pub idempotency_key: Option<String>,
}

/// Creates the reel, or finds the one that the same key created before.
pub async fn run(deps: &Deps, command: CreateReel) -> Result<ReelWithShop, AppError> {
    command.caller.must_run_shop(command.shop)?;
    let id = match &command.idempotency_key {
        // A name of the shop and the key: no table is needed to find it again.
        Some(key) => Uuid::new_v5(&command.shop.as_uuid(), key.as_bytes()).into(),
        None => deps.ids.uuid().into(),
    };
    let keyed = command.idempotency_key.is_some();
    if keyed && let Some(earlier) = find(deps, id).await? {
        return Ok(earlier);
    }
    let media = Media::from_fields(
        command.kind,
        command.video_url.clone(),
        command.photo_urls.clone(),
    )?;
    let media = media::canonical(deps, command.shop, media)?;
    let sources = media::pin(deps, command.shop, &media, command.editor_state.as_ref()).await?;
    let draft = Draft {
        id,
        shop_id: command.shop,
        platform: command.platform,
        preset_label: preset_label(command.preset_label.as_deref()),
        duration_seconds: command.duration_seconds,
        thumbnail_url: media::own_address(deps, command.shop, command.thumbnail_url.as_deref()),
        editor_state: command.editor_state,
        media,
        traceparent: (deps.traceparent)(),
    };
    let overrides = command.admin_override && command.caller.is_admin();
    let stored = store(deps, draft, &sources, overrides).await;
    match (find(deps, id).await, stored) {
        // The same key, twice at once: the other one won, and that is what stopped this one, whichever rule it ran into.
        (Ok(Some(winner)), Err(_)) if keyed => Ok(winner),
        (_, Err(error)) => Err(refused(error)),
        (found, Ok(())) => found?.ok_or_else(|| ReelError::NotFound.into()),
    }
}

/// Why a reel was not stored: a shop that is deleted while a reel waits for its wallet takes what the reel refers to with it.
fn refused(error: AppError) -> AppError {
    let is_gone = |error: &DbError| {
        let references = ["quota_wallets_shop_id_fkey", "reels_shop_id_fkey"];
        references.iter().any(|name| error.violates(name))
    };
    match error {
        AppError::Db(error) if is_gone(&error) => ReelError::ShopNotFound.into(),
        other => other,
    }
}

async fn find(deps: &Deps, id: ReelId) -> Result<Option<ReelWithShop>, DbError> {
    let mut conn = deps.db.acquire().await?;
    lists::find_with_shop(&mut conn, id).await
}

async fn store(
    deps: &Deps,
    draft: Draft,
    sources: &[Source],
    overrides: bool,
) -> Result<(), AppError> {
    let now = deps.now();
    let shop = draft.shop_id;
    let mut tx = deps.db.begin().await?;
    let standing = shops::find_standing(&mut tx, shop)
        .await?
        .ok_or(ReelError::ShopNotFound)?;
    let reel = create(draft, now);
    if overrides {
        pardon(&mut tx, sources).await?;
        reels::insert(&mut tx, &reel, sources).await?;
    } else {
        may_publish(&standing)?;
        // The wallet's lock makes requests of one shop pass one after the other from here on.
        wallets::lock_reels(&mut tx, shop).await?;
        pardon(&mut tx, sources).await?;
        make_room(deps, &mut tx, shop, now).await?;
        let today = business_day(now);
        // Read after making room, which may have given a slot back.
        let wallet = wallets::lock_reels(&mut tx, shop).await?;
        let movement = wallet.reserve(today, standing.daily_reels())?;
        wallets::set_reels(&mut tx, shop, &movement.wallet).await?;
        shops::set_reel_quota(&mut tx, shop, movement.wallet.remaining()).await?;
        reels::insert(&mut tx, &reel, sources).await?;
        let charge = wallets::Charge {
            slot: movement.slot,
            day: today,
        };
        let entry = deps.ids.uuid();
        if !wallets::insert_charge(&mut tx, entry, (shop, reel.id), charge, now).await? {
            // Whatever was paid for under this id is gone, and is not paid for twice.
            return Err(ReelError::NotFound.into());
        }
    }
    // Asked after the insert, which has waited for a deletion under way.
    if reels::was_deleted(&mut tx, reel.id).await? {
        // The same key again, after its reel was deleted. The queue remembers the name of its job, too.
        return Err(ReelError::NotFound.into());
    }
    push_render_job(deps, &mut tx, &reel, now).await?;
    announce::reel_status(deps, &mut tx, announce::ReelNews::of(&reel), now).await?;
    deps.commit(tx).await?;
    Ok(())
}

/// Takes the files of a reel off the list of things to delete. From here on the reel keeps them, and buries them at its end.
/// Before any audience is locked, as everywhere.
async fn pardon(conn: &mut Conn, sources: &[Source]) -> Result<(), DbError> {
    let paths: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    uploads::remove_tombstones(conn, &paths).await
}

/// One reel of a shop is processed at a time; those that take too long to be believed in are given up.
async fn make_room(
    deps: &Deps,
    tx: &mut Transaction,
    shop: ShopId,
    now: Timestamp,
) -> Result<(), AppError> {
    if !deps.policy.single_processing {
        return Ok(());
    }
    let in_process = reels::list_in_process(tx, shop, now).await?;
    for id in single_processing(&in_process, deps.policy.stale_after, now)?.give_up {
        // A reel that somebody else has locked is being dealt with, and one that was published meanwhile has left.
        if let Some(stale) = reels::find_unlocked_for_update(tx, id).await?
            && stale.status == ReelStatus::Processing
        {
            give_up(deps, tx, &stale, &render::stale(), now).await?;
        }
    }
    Ok(())
}

/// Puts the job of a reel's present version into the outbox.
pub(crate) async fn push_render_job(
    deps: &Deps,
    tx: &mut Transaction,
    reel: &Reel,
    now: Timestamp,
) -> Result<(), DbError> {
    let traceparent = reel.traceparent.clone().or_else(deps.traceparent);
    let payload = RenderReel {
        reel_id: reel.id.to_string(),
        version: reel.render.version,
        traceparent: traceparent.clone().unwrap_or_default(),
    };
    let job = NewJob {
        id: deps.event_id(),
        queue: QueueName::ReelRender.as_str().to_owned(),
        name: format!("reel:{}:v{}", reel.id, reel.render.version),
        payload: payload.encode_to_vec(),
        traceparent,
        not_before: None,
    };
    outbox::push_job(tx, &job, now).await
}
