#![doc = include_str!("../README.md")]

pub mod body;
pub mod cache;
pub mod cors;
pub mod exchange;
pub mod extract;
pub mod form;
pub mod identity;
mod observe;
pub mod oidc;
pub mod operations;
pub mod pipeline;
pub mod problem;
pub mod rate_limit;
pub mod reply;
pub mod routes;
pub mod secret;
mod terms;

pub use body::{JsonBody, RawBody};
pub use cache::{CacheNotice, CacheReply, CacheRule, ResponseCache};
pub use cors::Cors;
pub use exchange::{ClientIp, RequestId};
pub use extract::{PathParams, QueryParams};
pub use form::{Form, FormFile, FormRules, Forms};
pub use identity::{Authenticate, Caller, IdentityStep, NotAuthenticated, Require, Role, Visitor};
pub use oidc::{Oidc, OidcGuard};
pub use pipeline::{PipelineDeps, pipeline};
pub use problem::Problem;
pub use rate_limit::{Bucket, CounterStore, Quota, RateLimit, RateLimiter, RateVerdict};
pub use reply::{CachedBody, Reply};
pub use routes::RouteTable;
