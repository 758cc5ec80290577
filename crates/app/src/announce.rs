//! The words of events.

use avvivo_contracts::{
    audience::Audience,
    events::v1::{
        AccessChanged, ReelPublished, ReelStatusChanged, ReelWithdrawn, ShopChanged, event::Payload,
    },
};
use avvivo_domain::reels::{Reel, ReelStatus, RenderFailure, Stage};
use avvivo_kernel::{AccountId, ReelId, ShopId, Timestamp};
use avvivo_postgres::{DbError, Transaction, outbox, shops};

use crate::Deps;

/// How a reel stands, for its shop.
pub(crate) struct ReelNews<'a> {
    pub(crate) reel: ReelId,
    pub(crate) shop: ShopId,
    pub(crate) status: ReelStatus,
    pub(crate) stage: Option<Stage>,
    pub(crate) progress: u8,
    pub(crate) failure: Option<&'a RenderFailure>,
}

impl<'a> ReelNews<'a> {
    /// A reel as it is.
    pub(crate) fn of(reel: &'a Reel) -> Self {
        Self {
            reel: reel.id,
            shop: reel.shop_id,
            status: reel.status,
            stage: reel.render.stage,
            progress: reel.render.progress,
            failure: reel.render.failure.as_ref(),
        }
    }
}

/// Tells a shop how its reel stands.
pub(crate) async fn reel_status(
    deps: &Deps,
    tx: &mut Transaction,
    news: ReelNews<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let failure = news.failure.cloned();
    let (error_code, error_message) = failure
        .map(|failure| (failure.code, failure.message))
        .unwrap_or_default();
    let payload = Payload::ReelStatusChanged(ReelStatusChanged {
        reel_id: news.reel.to_string(),
        shop_id: news.shop.to_string(),
        status: news.status.as_str().to_owned(),
        stage: news
            .stage
            .map(|stage| stage.as_str().to_owned())
            .unwrap_or_default(),
        progress: u32::from(news.progress),
        error_code,
        error_message,
    });
    push(deps, tx, Audience::Shop(news.shop), payload, now).await?;
    Ok(())
}

/// Tells everybody that a reel, as it is by now, entered the feed; nobody, if its shop was taken out of sight meanwhile.
pub(crate) async fn reel_published(
    deps: &Deps,
    tx: &mut Transaction,
    reel: &Reel,
    now: Timestamp,
) -> Result<(), DbError> {
    let shop = shops::find_standing(tx, reel.shop_id).await?;
    if shop.is_none_or(|shop| shop.is_out_of_sight()) {
        return Ok(());
    }
    let payload = Payload::ReelPublished(ReelPublished {
        reel_id: reel.id.to_string(),
        shop_id: reel.shop_id.to_string(),
        r#type: reel.kind.as_str().to_owned(),
        video_url: reel.video_url.clone().unwrap_or_default(),
        photo_urls: reel.photo_urls.clone(),
        thumbnail_url: reel.thumbnail_url.clone().unwrap_or_default(),
        expires_at: Some(stamp(reel.expires_at)),
    });
    push(deps, tx, Audience::PublicReels, payload, now).await?;
    Ok(())
}

/// Tells everybody that a reel left the feed.
pub(crate) async fn reel_withdrawn(
    deps: &Deps,
    tx: &mut Transaction,
    (reel, shop): (ReelId, ShopId),
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = Payload::ReelWithdrawn(ReelWithdrawn {
        reel_id: reel.to_string(),
        shop_id: shop.to_string(),
    });
    push(deps, tx, Audience::PublicReels, payload, now).await?;
    Ok(())
}

/// Tells gateways that what an account may hear has changed.
pub(crate) async fn access_changed(
    deps: &Deps,
    tx: &mut Transaction,
    account: AccountId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = Payload::AccessChanged(AccessChanged {
        account_id: account.to_string(),
    });
    push(deps, tx, Audience::ControlAccess, payload, now).await?;
    Ok(())
}

/// Tells those who keep lists of shops that one of them is no longer as they know it.
pub(crate) async fn shop_changed(
    deps: &Deps,
    tx: &mut Transaction,
    shop: ShopId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = Payload::ShopChanged(ShopChanged {
        shop_id: shop.to_string(),
    });
    push(deps, tx, Audience::PublicShops, payload, now).await?;
    Ok(())
}

/// Puts an event into the outbox.
pub(crate) async fn push(
    deps: &Deps,
    tx: &mut Transaction,
    audience: Audience,
    payload: Payload,
    now: Timestamp,
) -> Result<(), DbError> {
    let event = outbox::NewEvent {
        id: deps.event_id(),
        audience,
        payload,
        traceparent: (deps.traceparent)(),
    };
    outbox::push_events(tx, &[event], deps.occasion(now)).await?;
    Ok(())
}

/// A moment as protobuf has it.
pub(crate) fn stamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
