//! What people do with reels.

pub mod create_reel;
pub mod delete_reel;
mod giving_up;
pub mod hide_reel;
pub mod reactivate_reel;
pub mod read;
pub mod record_view;

pub(crate) use giving_up::{bury_sources, give_up};
