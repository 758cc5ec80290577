#![doc = include_str!("../README.md")]

mod exchange;
mod identity_toolkit;
mod mailbox;
mod nominatim;
mod pace;
mod resend;

pub use exchange::BuildError;
pub use identity_toolkit::{
    EmulatorTokens, IDENTITY_TOOLKIT_URL, IdentityToolkit, IdentityToolkitConfig,
};
pub use mailbox::{KeptMail, Mailbox};
pub use nominatim::{NOMINATIM_URL, Nominatim, NominatimConfig};
pub use resend::{RESEND_URL, Resend, ResendConfig};
