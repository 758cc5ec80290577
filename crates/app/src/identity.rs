//! From tokens to callers, what they chose to be, and whether they may.

pub mod change_status;
pub mod choose_role;
pub mod list_accounts;
pub mod prove_address;
pub mod recover_password;
pub mod resolve_caller;
