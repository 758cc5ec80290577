#![expect(missing_docs, reason = "tests are named after what they show")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in tests a broken expectation is a failure, in helpers too"
)]

mod fakes;
mod identity_toolkit;
mod mailbox;
mod nominatim;
mod resend;
mod servers;
