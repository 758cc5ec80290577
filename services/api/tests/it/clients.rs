//! What buyers keep, under the paths of the api.

mod activity;
mod favorites;
mod profile;
mod reminders;
