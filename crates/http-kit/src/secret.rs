//! Words that only a program of ours knows.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};

/// Whether somebody told the secret. How long it takes says nothing about how much of it they know; an empty one is none.
pub fn is_told(secret: &SecretString, told: Option<&str>) -> bool {
    let secret = secret.expose_secret().as_bytes();
    let told = told.map(str::as_bytes).unwrap_or_default();
    !secret.is_empty() && verify_slices_are_equal(secret, told).is_ok()
}
