//! One TLS provider for the process.
//!
//! With several providers linked, rustls refuses to guess and panics at the first handshake; so `main` decides first.

use rustls::crypto::aws_lc_rs;

/// Makes aws-lc-rs the process's TLS provider. Calling it again changes nothing.
pub fn install_crypto() {
    // The only error is "somebody installed one already", which is what we want.
    drop(aws_lc_rs::default_provider().install_default());
}
