//! The api as its clients see it: real PostgreSQL, Redis and gcp-local, tokens that are really verified.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod acceptance;
mod audit;
mod auth;
mod chat;
mod clients;
mod dev;
mod endpoints;
mod identity;
mod mail;
mod matrix;
mod openapi;
mod operations;
mod outages;
mod pipeline;
mod realtime;
mod reels;
mod share;
mod shops;
mod start;
mod storage;
mod support;
mod system;
mod testpanel;
