//! Pages about reels and lives, for those with whom a link is shared.

use std::time::Duration;

use avvivo_domain::share::{
    Links, Page, SharedShop, Verdict, is_picture, of_reel, of_stream, verdict,
};
use avvivo_kernel::{ReelId, StreamId};
use avvivo_postgres::{reels::lists, shops, streams};
use tokio::time::timeout;

use crate::{AppError, Deps};

/// Crawlers wait for a page about twice as long.
const STORE_LIMIT: Duration = Duration::from_millis(2_500);

/// A page, and the picture that stands on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The page.
    pub page: Page,
    /// Its picture.
    pub picture: String,
}

/// The page of a reel, whatever became of it.
pub async fn reel(deps: &Deps, links: &Links, id: ReelId) -> Result<Option<Shared>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let Some(found) = lists::list_by_ids(&mut conn, &[id]).await?.pop() else {
        return Ok(None);
    };
    let standing = shops::find_standing(&mut conn, found.shop.id).await?;
    drop(conn);
    let out_of_sight = standing.is_none_or(|standing| standing.is_out_of_sight());
    let shop = SharedShop {
        name: &found.shop.name,
        logo_url: found.shop.logo_url.as_deref(),
        cover_url: found.shop.cover_url.as_deref(),
    };
    let page = of_reel(links, &found.reel, (shop, out_of_sight), deps.now());
    Ok(Some(with_picture(deps, page).await))
}

/// The page of a live, whatever became of it.
pub async fn stream(deps: &Deps, links: &Links, id: StreamId) -> Result<Option<Shared>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let found = streams::find_shared(&mut conn, id).await?;
    drop(conn);
    let Some(found) = found else {
        return Ok(None);
    };
    let shop = SharedShop {
        name: &found.shop_name,
        logo_url: found.shop_logo_url.as_deref(),
        cover_url: found.shop_cover_url.as_deref(),
    };
    let page = of_stream(links, id, &found.title, shop);
    Ok(Some(with_picture(deps, page).await))
}

async fn with_picture(deps: &Deps, page: Page) -> Shared {
    for url in &page.pictures {
        let shown = match verdict(url) {
            Verdict::Shown => true,
            Verdict::NotShown => false,
            Verdict::AskStore => store_shows(deps, url).await,
        };
        if shown {
            let picture = url.clone();
            return Shared { page, picture };
        }
    }
    let picture = page.fallback.clone();
    Shared { page, picture }
}

/// Whether an address stands for a picture in our store. No address is ever fetched: shops write them. What the store says is
/// kept as long as the page is.
async fn store_shows(deps: &Deps, url: &str) -> bool {
    let Some(path) = deps.store.path_of(url) else {
        return false;
    };
    // A page with another picture is better than none.
    match timeout(STORE_LIMIT, deps.store.stat(&path)).await {
        Ok(Ok(found)) => found.is_some_and(|object| is_picture(&object.content_type)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store does not say what an object is");
            false
        }
        Err(_) => {
            tracing::warn!("the store does not say in time what an object is");
            false
        }
    }
}
