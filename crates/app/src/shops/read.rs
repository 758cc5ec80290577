//! What is shown of shops. Who sees what of each is decided where it is shown, by [`avvivo_domain::shops::view`].

use avvivo_domain::{
    fields::FieldError,
    shops::{
        ShopError,
        lists::{LetterPage, Page, featured_offset},
        view::{Viewer, may_see},
    },
    text,
};
use avvivo_kernel::ShopId;
use avvivo_postgres::shops::{
    ListedShop,
    lists::{self, Among},
};

use crate::{AppError, Deps};

/// By name: what everybody sees, or everything for those who look for their own.
pub async fn list(deps: &Deps, viewer: Viewer, page: Page) -> Result<Vec<ListedShop>, AppError> {
    let mut conn = deps.db.acquire().await?;
    Ok(if viewer.lists_all() {
        lists::list_all(&mut conn, page).await?
    } else {
        lists::list_public(&mut conn, page).await?
    })
}

/// The window of this hour; all there are, when they fit into it.
pub async fn featured(deps: &Deps, limit: u32) -> Result<Vec<ListedShop>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let candidates = lists::count_public(&mut conn).await?;
    let offset = if candidates > limit {
        featured_offset(deps.now(), candidates)
    } else {
        0
    };
    let page = |limit, offset| Page {
        limit: Some(limit),
        offset,
    };
    let mut shops = lists::list_public(&mut conn, page(limit, offset)).await?;
    let missing = usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_sub(shops.len());
    let missing = u32::try_from(missing).unwrap_or(limit).min(offset);
    if missing > 0 {
        shops.extend(lists::list_public(&mut conn, page(missing, 0)).await?);
    }
    Ok(shops)
}

/// The shops of a letter, and whether there are more of them.
pub async fn by_letter(
    deps: &Deps,
    viewer: Viewer,
    page: &LetterPage,
) -> Result<(Vec<ListedShop>, bool), AppError> {
    let Some(letter) = page.letter else {
        return Ok((Vec::new(), false));
    };
    let among = match viewer {
        Viewer::Admin => Among::All,
        Viewer::Public | Viewer::Applicant(_) | Viewer::Shop(_) => Among::Public,
    };
    let one_more = Page {
        limit: Some(page.limit.saturating_add(1)),
        offset: page.offset,
    };
    let mut conn = deps.db.acquire().await?;
    let mut shops = lists::list_letter(&mut conn, among, letter, one_more).await?;
    let fits = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = shops.len() > fits;
    shops.truncate(fits);
    Ok((shops, more))
}

/// The shops on the map.
pub async fn on_map(deps: &Deps) -> Result<Vec<ListedShop>, AppError> {
    let everything = Page {
        limit: None,
        offset: 0,
    };
    let mut conn = deps.db.acquire().await?;
    Ok(lists::list_public(&mut conn, everything).await?)
}

/// One shop: one that is not public only for those who run it.
pub async fn one(deps: &Deps, viewer: Viewer, id: ShopId) -> Result<ListedShop, AppError> {
    let mut conn = deps.db.acquire().await?;
    let found = lists::find(&mut conn, id).await?;
    let seen = found.filter(|found| may_see(&found.shop, viewer));
    Ok(seen.ok_or(ShopError::NotFound)?)
}

/// Whether a shop has this address for everybody; what is compared is the address, not a pattern.
pub async fn email_exists(deps: &Deps, typed: Option<&str>) -> Result<bool, AppError> {
    let email = typed.map(text::clean).unwrap_or_default().to_lowercase();
    if email.is_empty() {
        return Err(ShopError::from(FieldError::Missing { field: "email" }).into());
    }
    let mut conn = deps.db.acquire().await?;
    Ok(lists::email_exists(&mut conn, &email).await?)
}
