//! A shop wants to upload the files of a reel: sign an upload for each.

use avvivo_domain::{
    identity::Caller,
    reels::ReelType,
    uploads::{Announced, check_announced, object_name},
};
use avvivo_kernel::{ShopId, Timestamp};
use avvivo_ports::{ObjectPath, SignedUpload, UploadGrant};
use avvivo_postgres::uploads;

use crate::{AppError, Deps};

/// What is asked.
#[derive(Debug, Clone)]
pub struct RequestUpload {
    /// Who asks.
    pub caller: Caller,
    /// For which shop.
    pub shop: ShopId,
    /// For which kind of reel.
    pub kind: ReelType,
    /// The media, in order.
    pub files: Vec<Announced>,
    /// An image to lay over them.
    pub overlay: Option<Announced>,
}

/// Where a file may be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The object's name.
    pub path: ObjectPath,
    /// The address to PUT to.
    pub signed: SignedUpload,
    /// The address it will be read from.
    pub public_url: String,
}

/// Where the files may be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    /// In the order of the request.
    pub files: Vec<Slot>,
    /// For the overlay.
    pub overlay: Option<Slot>,
}

/// Signs the uploads. The files are condemned before they exist, and pardoned when they are confirmed or a reel is made of
/// them: a client that uploads and never comes back leaves nothing behind for long.
pub async fn run(deps: &Deps, command: RequestUpload) -> Result<Slots, AppError> {
    command.caller.must_run_shop(command.shop)?;
    check_announced(
        command.kind,
        &command.files,
        command.overlay.as_ref(),
        deps.policy.max_video_bytes,
    )?;
    let now = deps.now();
    let mut files = Vec::with_capacity(command.files.len());
    for (index, file) in command.files.iter().enumerate() {
        files.push(slot(deps, (command.shop, now), index, file).await?);
    }
    let overlay = match &command.overlay {
        Some(overlay) => Some(slot(deps, (command.shop, now), files.len(), overlay).await?),
        None => None,
    };
    let paths: Vec<String> = files
        .iter()
        .chain(&overlay)
        .map(|slot| slot.path.as_str().to_owned())
        .collect();
    let mut conn = deps.db.acquire().await?;
    uploads::bury(&mut conn, &paths, deps.unused_after(now)).await?;
    Ok(Slots { files, overlay })
}

async fn slot(
    deps: &Deps,
    (shop, now): (ShopId, Timestamp),
    index: usize,
    file: &Announced,
) -> Result<Slot, AppError> {
    let path = ObjectPath::new(object_name(shop, now, index, &file.name));
    let grant = UploadGrant {
        path: path.clone(),
        content_type: file.content_type.clone(),
        size_bytes: file.size_bytes,
        expires_in: deps.policy.upload_expires_in,
    };
    let signed = deps.store.sign_upload(&grant).await?;
    let public_url = deps.store.public_url(&path);
    Ok(Slot {
        path,
        signed,
        public_url,
    })
}
