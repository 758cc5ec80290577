//! How the platform is doing.

mod status;
