#![doc = include_str!("../README.md")]
//
// How a service plugs in. `server::start` opens the issuer first, then builds the state, then
// merges one router a service:
//
//     Issuer::open(&store, &clock, &public_url, &project) -> Result<Issuer, StartError>   (async)
//     Issuer::google_id_token(&self, service_account, audience) -> Result<String, TokenError>
//     issuer::routes(&state)  -> Router
//     pubsub::routes(&state)  -> Result<Router, StartError>                                (async)
//     tasks::routes(&state)   -> Result<Router, StartError>                                (async)
//     storage::routes(&state) -> Result<Router, StartError>                                (async)
//
// A service's `routes` migrates its own tables (`state.store.migrate("tasks", STEPS)`), loads what
// it keeps in memory, and spawns its background work on `state.background`, watching `state.stop`.
// Paths: Pub/Sub `/v1/{*path}` and `/google.pubsub.v1.*`; Cloud Tasks `/v2/{*path}`; Cloud Storage
// `/storage/…`, `/upload/…`, `/google.storage.v2.*` and `/{bucket}/{*object}`; the issuer exact paths.

mod clock;
mod connection;
mod issuer;
mod pubsub;
mod server;
mod state;
mod storage;
mod store;
mod tasks;
mod wire;

pub use clock::Clock;
pub use issuer::{FirebaseIdToken, GoogleIdToken, Issuer, TokenError};
pub use server::{Config, GcpLocal, StartError};
