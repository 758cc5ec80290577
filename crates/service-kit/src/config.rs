//! Configuration from the environment: one reader, all problems at once, a reference that cannot drift.
//!
//! A service declares a struct of section structs. Each section implements [`Section`] and reads its variables through
//! a [`Reader`], which records name, kind, default, bounds, reason and secrecy of every variable it is asked for. From
//! that one pass come the values, the complete list of [`Problems`], the masked print of `--check-config` and the
//! Markdown [`Reference`] in `deploy/`.
//!
//! ```
//! use avvivo_service_kit::config::{Reader, Section, ServerConfig, load};
//!
//! struct ApiConfig {
//!     server: ServerConfig,
//!     rate_limit_max: u32,
//! }
//!
//! impl Section for ApiConfig {
//!     const TITLE: &'static str = "api";
//!
//!     fn read(reader: &mut Reader<'_>) -> Self {
//!         Self {
//!             server: reader.section(),
//!             rate_limit_max: reader
//!                 .number("RATE_LIMIT_MAX", "Writes a client address may make in one window.")
//!                 .between(1, 100_000)
//!                 .default(80, "a person at work stays below it, a script does not"),
//!         }
//!     }
//! }
//!
//! let environment = |name: &str| (name == "RATE_LIMIT_MAX").then(|| "25".to_owned());
//! let loaded = load::<ApiConfig>(&environment).unwrap();
//! assert_eq!(loaded.config.rate_limit_max, 25);
//! assert_eq!(loaded.config.server.port, 3000);
//! ```
//!
//! Written here because no maintained crate both reports every problem together and documents bounds and reasons from
//! the same declarations (figment, envconfig and confique stop at the first error; mkenv has neither bounds nor
//! reference).

mod args;
mod problem;
mod reader;
mod reference;
mod sections;
mod source;
mod variable;

pub use args::ConfigArgs;
pub use problem::{Problem, Problems};
pub use reader::{Loaded, Reader, Section, load};
pub use reference::{Presence, Reference, Secrecy, Variable};
pub use sections::{
    DatabaseConfig, GoogleConfig, HealthcheckToken, LogFormat, RedisConfig, RuntimeConfig,
    ServerConfig, ServerOn, TelemetryConfig,
};
pub use source::{Env, Source};
pub use variable::Var;
