//! What is shown of shops. Who sees what of each is decided where it is shown, by [`avvivo_domain::shops::view`].

use avvivo_domain::{
    fields::FieldError,
    shops::{
        Plan, ShopError,
        lists::{LetterPage, Page, featured_offset},
        view::{Viewer, may_see},
    },
    text,
};
use avvivo_kernel::{ShopId, Timestamp, time::business_day};
use avvivo_postgres::{
    Conn, DbError, penalties,
    shops::{
        ListedShop, Own,
        lists::{self, Among},
    },
    wallets,
};

use crate::{AppError, Deps};

/// By name: what everybody sees, or everything for those who look for their own.
pub async fn list(deps: &Deps, viewer: Viewer, page: Page) -> Result<Vec<ListedShop>, AppError> {
    let mut conn = deps.db.acquire().await?;
    let shops = if viewer.lists_all() {
        lists::list_all(&mut conn, page).await?
    } else {
        lists::list_public(&mut conn, page).await?
    };
    shown_to(viewer, &mut conn, shops, deps.now()).await
}

/// The window of this hour; all there are, when they fit into it.
pub async fn featured(
    deps: &Deps,
    viewer: Viewer,
    limit: u32,
) -> Result<Vec<ListedShop>, AppError> {
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
    shown_to(viewer, &mut conn, shops, deps.now()).await
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
    let shops = shown_to(viewer, &mut conn, shops, deps.now()).await?;
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
    let mut seen = seen.ok_or(ShopError::NotFound)?;
    if viewer.runs(id) {
        add_own(&mut conn, vec![&mut seen], deps.now()).await?;
    }
    Ok(seen)
}

/// The same shops, with what is kept for those who run them where that is who looks.
async fn shown_to(
    viewer: Viewer,
    conn: &mut Conn,
    mut shops: Vec<ListedShop>,
    now: Timestamp,
) -> Result<Vec<ListedShop>, AppError> {
    let run = shops
        .iter_mut()
        .filter(|listed| viewer.runs(listed.shop.id));
    add_own(conn, run.collect(), now).await?;
    Ok(shops)
}

/// Adds what is kept for those who run these shops: two queries, however many they are.
pub(super) async fn add_own(
    conn: &mut Conn,
    shops: Vec<&mut ListedShop>,
    now: Timestamp,
) -> Result<(), DbError> {
    if shops.is_empty() {
        return Ok(());
    }
    let ids: Vec<ShopId> = shops.iter().map(|listed| listed.shop.id).collect();
    let mut wallets = wallets::list(conn, &ids).await?;
    let mut penalties = penalties::list(conn, &ids).await?;
    let today = business_day(now);
    for listed in shops {
        let (id, plan) = (listed.shop.id, Plan::read(&listed.shop.plan));
        listed.own = Some(Own {
            wallet: wallets.remove(&id).map(|wallet| wallet.on(today, plan)),
            penalties: penalties.remove(&id).unwrap_or_default(),
        });
    }
    Ok(())
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
