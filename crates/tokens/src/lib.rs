#![doc = include_str!("../README.md")]

mod deny;
mod firebase;
mod keys;
mod oidc;
mod signed;

pub use deny::Deny;
pub use firebase::{FIREBASE_KEYS_URL, FirebaseUser, FirebaseVerifier};
pub use keys::{ClientError, KeyCache, KeysDown};
pub use oidc::{GOOGLE_KEYS_URL, OidcCaller, OidcPolicy, OidcVerifier};
