//! From tokens to callers.

pub mod change_status;
pub mod resolve_caller;
