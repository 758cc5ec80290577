#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! Use cases on real PostgreSQL, with fakes for what crosses the network.

mod abandoned_files;
mod catalogue;
mod choose_role;
mod create_reel;
mod create_reel_at_once;
mod create_reel_refusals;
mod feed;
mod files_used_again;
mod history;
mod live;
mod mailing;
mod places;
mod relay;
mod relay_from_memory;
mod rendering;
mod rendering_ends;
mod resolve_caller;
mod shop_locks;
mod support;
mod talking;
mod upkeep;
mod upkeep_locks;
mod uploads;
mod visibility;
