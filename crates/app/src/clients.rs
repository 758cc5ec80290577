//! What buyers keep of themselves, of shops and of lives.

pub mod add_favorite;
pub mod add_reminder;
pub mod edit_profile;
pub mod greet;
pub mod read;
pub mod remove_favorite;
pub mod remove_reminder;

/// How many ids of each kind a client is given: more than anybody follows, and few enough for every answer.
const MAX_IDS: i64 = 5000;
