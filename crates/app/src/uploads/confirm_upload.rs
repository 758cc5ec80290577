//! A shop says that its files have arrived: look, check, and remember the versions seen.

use avvivo_domain::{
    identity::Caller,
    reels::{ReelError, ReelType, SourceRole},
    uploads::{Stored, UploadError, check_confirmed, check_stored, file_name},
};
use avvivo_kernel::ShopId;
use avvivo_ports::{ObjectMeta, ObjectPath};
use avvivo_postgres::uploads::{self, ConfirmedUpload};
use futures::future::try_join_all;

use crate::{AppError, Deps};

/// What is asked.
#[derive(Debug, Clone)]
pub struct ConfirmUpload {
    /// Who asks.
    pub caller: Caller,
    /// For which shop.
    pub shop: ShopId,
    /// For which kind of reel.
    pub kind: ReelType,
    /// The media, cleaned, in order.
    pub paths: Vec<String>,
    /// An image to lay over them.
    pub overlay: Option<String>,
}

/// A file that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The object's name.
    pub path: String,
    /// The address it is read from.
    pub public_url: String,
}

/// Confirms the files. Confirming again renews what is remembered.
pub async fn run(
    deps: &Deps,
    command: ConfirmUpload,
) -> Result<(Vec<Arrived>, Option<Arrived>), AppError> {
    command.caller.must_run_shop(command.shop)?;
    check_confirmed(
        command.kind,
        command.shop,
        &command.paths,
        command.overlay.as_deref(),
    )?;
    let role = match command.kind {
        ReelType::Video => SourceRole::Video,
        ReelType::PhotoSet => SourceRole::Photo,
    };
    let wanted = command.paths.iter().map(|path| (role, path));
    let wanted = wanted.chain(
        command
            .overlay
            .iter()
            .map(|path| (SourceRole::Overlay, path)),
    );
    let confirmed = try_join_all(wanted.map(|(role, path)| look(deps, role, path))).await?;
    let mut tx = deps.db.begin().await?;
    let remembered = uploads::set_confirmed(&mut tx, command.shop, &confirmed, deps.now()).await;
    remembered.map_err(|error| {
        // An administrator may name a shop that is not there.
        if error.violates("confirmed_uploads_shop_id_fkey") {
            AppError::from(ReelError::ShopNotFound)
        } else {
            error.into()
        }
    })?;
    // A file that an earlier reel had done with is wanted again; it is forgotten like any other if nothing comes of it.
    let paths: Vec<String> = confirmed.into_iter().map(|upload| upload.path).collect();
    uploads::remove_tombstones(&mut tx, &paths).await?;
    tx.commit().await?;
    let arrived = |path: String| {
        let public_url = deps.store.public_url(&ObjectPath::new(path.as_str()));
        Arrived { path, public_url }
    };
    Ok((
        command.paths.into_iter().map(arrived).collect(),
        command.overlay.map(arrived),
    ))
}

async fn look(deps: &Deps, role: SourceRole, path: &str) -> Result<ConfirmedUpload, AppError> {
    let found = deps.store.stat(&ObjectPath::new(path)).await?;
    let missing = || UploadError::Missing {
        file: file_name(path).to_owned(),
    };
    let ObjectMeta {
        generation,
        size_bytes,
        content_type,
    } = found.ok_or_else(missing)?;
    let stored = Stored {
        path,
        content_type: &content_type,
        size_bytes,
    };
    check_stored(role, stored, deps.policy.max_video_bytes)?;
    Ok(ConfirmedUpload {
        path: path.to_owned(),
        generation,
        size_bytes,
        content_type,
    })
}
