//! Files on their way in.

pub mod confirm_upload;
pub mod request_upload;
