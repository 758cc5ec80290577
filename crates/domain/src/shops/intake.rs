//! How a shop registers itself: what people type, in normal form; the checks of each step; the shop that comes of it.
//!
//! A step reads its fields ([`Identity::read`], [`Address::read`], [`Contact::read`]) and is then checked against what the
//! database found ([`check_identity`], [`check_address`], [`check_contact`]). Registering reads a whole [`Draft`], runs all
//! checks in the documented order ([`Draft::check`]) and makes the shop ([`register::register`]).

mod address;
mod draft;
mod error;
pub mod meta;
pub mod normal;
mod place;
pub mod register;

pub use address::{
    Address, AddressDefaults, AddressFacts, AddressVerdict, Neighbour, check_address, maps_url,
    normalized_details, stored_address,
};
pub use draft::{
    Contact, ContactFacts, Draft, Facts, Identity, IdentityFacts, Step, check_contact,
    check_identity, store_name,
};
pub use error::IntakeError;
