//! From the addresses a client names to versions of objects in our own bucket. No address is ever fetched.

use avvivo_domain::{
    reels::{ReelError, Source, SourceRole, create::Media, editor_state::overlay_url},
    uploads::{Stored, check_stored, is_own_upload},
};
use avvivo_kernel::ShopId;
use avvivo_ports::ObjectPath;
use avvivo_postgres::uploads;
use futures::future::try_join_all;
use serde_json::Value;

use crate::{AppError, Deps};

/// Looks every file up, checks it, and pins its version. A file that was confirmed must still be the one that was.
pub(super) async fn pin(
    deps: &Deps,
    shop: ShopId,
    media: &Media,
    editor_state: Option<&Value>,
) -> Result<Vec<Source>, AppError> {
    let mut wanted = Vec::new();
    let mut want = |role, position, url: &str| -> Result<(), ReelError> {
        wanted.push((
            role,
            position,
            own_path(deps, shop, url).ok_or(ReelError::ForeignMedia)?,
        ));
        Ok(())
    };
    match media {
        Media::Video(url) => want(SourceRole::Video, 0, url)?,
        Media::Photos(urls) => {
            for (position, url) in (0_u8..).zip(urls) {
                want(SourceRole::Photo, position, url)?;
            }
        }
    }
    if let Some(url) = editor_state.and_then(overlay_url) {
        want(SourceRole::Overlay, 0, url)?;
    }
    let sources = try_join_all(
        wanted
            .into_iter()
            .map(|(role, position, path)| look(deps, role, position, path)),
    )
    .await?;
    let paths: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    let mut conn = deps.db.acquire().await?;
    let confirmed = uploads::confirmed_generations(&mut conn, &paths).await?;
    let swapped = |source: &Source| {
        confirmed
            .get(&source.path)
            .is_some_and(|generation| *generation != source.generation)
    };
    if sources.iter().any(swapped) {
        return Err(ReelError::MediaChanged.into());
    }
    Ok(sources)
}

/// The media under our own addresses: a query that a client adds, such as the signature of its upload, is not kept.
pub(super) fn canonical(deps: &Deps, shop: ShopId, media: Media) -> Result<Media, ReelError> {
    let own = |url: String| own_address(deps, shop, Some(&url)).ok_or(ReelError::ForeignMedia);
    Ok(match media {
        Media::Video(url) => Media::Video(own(url)?),
        Media::Photos(urls) => Media::Photos(urls.into_iter().map(own).collect::<Result<_, _>>()?),
    })
}

/// A client's address, if it is of the shop's own folder.
pub(super) fn own_address(deps: &Deps, shop: ShopId, url: Option<&str>) -> Option<String> {
    let path = own_path(deps, shop, url?)?;
    Some(deps.store.public_url(&path))
}

/// The object of an address, if it is an upload of the shop's.
fn own_path(deps: &Deps, shop: ShopId, url: &str) -> Option<ObjectPath> {
    let path = deps.store.path_of(url)?;
    is_own_upload(shop, path.as_str()).then_some(path)
}

async fn look(
    deps: &Deps,
    role: SourceRole,
    position: u8,
    path: ObjectPath,
) -> Result<Source, AppError> {
    let meta = deps
        .store
        .stat(&path)
        .await?
        .ok_or(ReelError::MediaMissing)?;
    let stored = Stored {
        path: path.as_str(),
        content_type: &meta.content_type,
        size_bytes: meta.size_bytes,
    };
    check_stored(role, stored, deps.policy.max_video_bytes)?;
    Ok(Source {
        role,
        position,
        path: path.as_str().to_owned(),
        generation: meta.generation,
        size_bytes: meta.size_bytes,
        content_type: meta.content_type,
    })
}
