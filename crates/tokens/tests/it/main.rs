#![expect(missing_docs, reason = "tests are named after what they show")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, in helpers too"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the clock of these tests starts at the present"
)]

mod firebase;
mod issuer;
mod keys;
mod oidc;
