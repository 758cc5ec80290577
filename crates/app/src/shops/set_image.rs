//! A shop gets a new logo or cover.

use avvivo_domain::{
    audit::AuditAction,
    identity::Caller,
    reels::LIFETIME,
    shops::{
        ShopError,
        images::{self, ImageKind},
    },
};
use avvivo_kernel::ShopId;
use avvivo_pictures::Picture;
use avvivo_ports::{Content, ObjectPath, Upload};
use avvivo_postgres::{
    shops::{ListedShop, find_standing},
    uploads,
};
use bytes::Bytes;

use super::change::Change;
use crate::{AppError, Deps};

/// A year, the longest that caches take seriously: a name never means another picture.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What is asked.
#[derive(Debug, Clone)]
pub struct SetImage {
    /// Who asks.
    pub caller: Caller,
    /// For which shop.
    pub shop: ShopId,
    /// Which picture.
    pub kind: ImageKind,
    /// The file, as it was sent.
    pub file: Bytes,
}

/// Draws the picture anew, stores it under a new name, and answers the shop that shows it.
///
/// The object is condemned before it exists, and pardoned by the commit that shows it: whatever fails in between leaves
/// nothing behind for longer than a day.
pub async fn run(deps: &Deps, command: SetImage) -> Result<ListedShop, AppError> {
    let SetImage {
        caller,
        shop: id,
        kind,
        file,
    } = command;
    caller.must_run_shop(id)?;
    must_exist(deps, id).await?;
    let picture = deps.pictures.redraw(file, kind.kept_side()).await?;
    let name = images::object_name(id, kind, picture.format, deps.ids.uuid());
    let path = ObjectPath::new(name);
    store(deps, &path, picture).await?;
    let (mut change, before) = Change::of(deps, &caller, id).await?;
    // Drawing and storing took a while, in which the shop may have changed hands.
    before.must_be_run_by(&caller)?;
    let url = images::shown_as(&deps.store.public_url(&path), change.now);
    let after = images::set(&before, kind, url, change.now);
    change
        .save((&before, &after), AuditAction::ShopImageChanged, None)
        .await?;
    change.commit_and_show(after).await
}

/// Administrators may name a shop that is not there: that is told before any work is done for it.
async fn must_exist(deps: &Deps, shop: ShopId) -> Result<(), AppError> {
    let mut conn = deps.db.acquire().await?;
    let found = find_standing(&mut conn, shop).await?;
    found.map(|_| ()).ok_or_else(|| ShopError::NotFound.into())
}

async fn store(deps: &Deps, path: &ObjectPath, picture: Picture) -> Result<(), AppError> {
    let condemned = [path.as_str().to_owned()];
    let mut conn = deps.db.acquire().await?;
    uploads::bury(&mut conn, &condemned, deps.now() + LIFETIME).await?;
    // Whoever waits for the store holds no connection.
    drop(conn);
    let upload = Upload {
        content: Content::Bytes(picture.bytes),
        path: path.clone(),
        content_type: picture.format.as_str(),
        cache_control: FOR_EVER,
    };
    deps.store.upload(upload).await?;
    Ok(())
}
