//! Files on their way to the object store.

mod reels_confirm;
mod reels_upload_url;
mod reports;
mod shops_upload;

pub(crate) use shops_upload::picture;
