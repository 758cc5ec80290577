//! What the tests stand on: the command and its processes, people with tokens, the private servers behind the scenes.

pub(crate) mod chromium;
pub(crate) mod collector;
pub(crate) mod command;
pub(crate) mod database;
pub(crate) mod google;
pub(crate) mod janitor;
pub(crate) mod media;
pub(crate) mod people;
pub(crate) mod platform;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod scenarios;
pub(crate) mod sse;

use std::time::Duration;

/// Enough for the heaviest sample, or for a start, on two cores that others use too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
