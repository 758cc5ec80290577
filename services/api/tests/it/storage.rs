//! Files on their way to the object store.

mod reels_confirm;
mod reels_upload_url;
