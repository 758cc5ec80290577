//! The objects of shops: pictures that come and go, and all there are of a shop, which goes with them.

use std::collections::BTreeSet;

use avvivo_domain::{
    reels::LIFETIME,
    shops::{Shop, images},
};
use avvivo_kernel::{ShopId, Timestamp};
use avvivo_postgres::{
    Transaction,
    shops::{lists, write},
    uploads, wallets,
};

use crate::{AppError, Deps};

/// What a change does to the pictures that a shop shows.
#[derive(Default)]
pub(super) struct Pictures {
    new: Vec<String>,
    old: Vec<String>,
}

impl Pictures {
    /// The shop was `before`, and is `after`.
    pub(super) fn change(&mut self, deps: &Deps, before: &Shop, after: &Shop) {
        let (before, after) = (shown(deps, before), shown(deps, after));
        self.new.extend(after.difference(&before).cloned());
        self.old.extend(before.difference(&after).cloned());
    }

    /// Those that it shows from now on stay, and those that it no longer shows go; a day later, because pages that are open
    /// still do.
    pub(super) async fn settle(
        &self,
        tx: &mut Transaction,
        now: Timestamp,
    ) -> Result<(), AppError> {
        if !self.new.is_empty() {
            uploads::remove_tombstones(tx, &self.new).await?;
        }
        if !self.old.is_empty() {
            uploads::bury(tx, &self.old, now + LIFETIME).await?;
        }
        Ok(())
    }
}

/// A shop that is about to be deleted, locked; its reels before all else, as by those who render and hide them.
pub(crate) async fn lock(tx: &mut Transaction, id: ShopId) -> Result<Option<Shop>, AppError> {
    write::lock_reels(tx, id).await?;
    wallets::lock(tx, id).await?;
    Ok(lists::find_for_update(tx, id).await?)
}

/// Deletes a shop that is locked so, and answers its files, to be buried when nothing else is left to lock.
pub(crate) async fn delete(
    deps: &Deps,
    tx: &mut Transaction,
    shop: &Shop,
) -> Result<Vec<String>, AppError> {
    let media = write::media(tx, shop.id).await?;
    let stored = media.urls.iter().filter_map(|url| deps.store.path_of(url));
    let files = stored
        .map(|path| path.as_str().to_owned())
        .chain(media.paths)
        .chain(shown(deps, shop))
        .collect();
    write::delete(tx, shop.id).await?;
    Ok(files)
}

/// The objects of its own that a shop shows.
fn shown(deps: &Deps, shop: &Shop) -> BTreeSet<String> {
    images::shown(shop, |url| {
        let path = deps.store.path_of(url)?;
        Some(path.as_str().to_owned())
    })
}
