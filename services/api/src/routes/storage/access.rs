//! The head that both upload endpoints share: which shop, which kind.

use avvivo_app::AppError;
use avvivo_domain::{
    identity::{AccessError, Caller},
    reels::{ReelError, ReelType},
    uploads::UploadError,
};
use avvivo_kernel::ShopId;

/// The shop of a request. Naming none is an error of its own, told before anything about rights.
pub(super) fn shop(caller: &Caller, named: Option<&str>) -> Result<ShopId, AppError> {
    let named = named
        .map(str::trim)
        .filter(|named| !named.is_empty())
        .ok_or(UploadError::ShopMissing)?;
    let Ok(shop) = named.parse() else {
        // An id that cannot be names no shop, and is nobody's own.
        return Err(if caller.is_admin() {
            ReelError::ShopNotFound.into()
        } else if caller.acting_shop().is_some() {
            AccessError::NotYours.into()
        } else {
            AccessError::NotAllowed.into()
        });
    };
    caller.must_run_shop(shop)?;
    Ok(shop)
}

/// `PHOTO_SET`; anything else is a video.
pub(super) fn kind(named: Option<&str>) -> ReelType {
    if named == Some("PHOTO_SET") {
        ReelType::PhotoSet
    } else {
        ReelType::Video
    }
}
