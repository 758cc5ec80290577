//! The platform as people run it: the real command, real processes, real media, a real browser.
//!
//! A platform takes seconds to start, so each shape is started once and does everything in turn ([`shapes`]). What
//! happens to the command itself is in [`life_cycle`]; what happens when PostgreSQL and Redis go away, which a developer's
//! platform does not survive on purpose, is in [`outages`], over servers that the test owns; and what becomes of events while
//! one thing after the other breaks, in [`faults`].

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on should stop where it is and say why"
)]

mod browser;
mod chat;
mod crashes;
mod faults;
mod hiding;
mod hostile_media;
mod life_cycle;
mod mails;
mod outages;
mod pages;
mod readings;
mod redelivery;
mod shapes;
mod sizes;
mod support;
mod tokens;
mod travel;
