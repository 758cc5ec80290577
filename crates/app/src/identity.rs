//! From tokens to callers.

pub mod resolve_caller;
