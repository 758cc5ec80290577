//! Reels.

mod create;
mod create_refusals;
mod create_twice;
mod delete;
mod get;
mod hide;
mod list;
mod list_admin;
mod list_shop;
mod reactivate;
mod showcase;
mod status;
mod view;
