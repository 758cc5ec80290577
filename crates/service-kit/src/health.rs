//! Whether this process and what it depends on can do their work.
//!
//! A check answers "up" or "down, and this is the code". Checks run together, each with its own deadline; the report is
//! kept for a moment, so that many probes cost one round of checks. How it looks on the wire is `http-kit`'s business.

use std::{fmt, future::Future, time::Duration};

use futures::future::{BoxFuture, FutureExt, join_all};
use tokio::{sync::Mutex, time::Instant};

use crate::lifecycle::Readiness;

/// How long a report is good for. Probes come every few seconds; a crowd of them must not become a crowd of queries.
const REPORT_TTL: Duration = Duration::from_secs(1);

/// What a dependency's failure means for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Without it the process cannot serve: not ready.
    Required,
    /// Without it the process serves with a fallback: ready, and reported as down.
    Optional,
}

/// A dependency does not work; the code is for programs, such as `postgres.unavailable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("down: {code}")]
pub struct Down {
    /// Stable word for what is wrong.
    pub code: &'static str,
}

impl From<&'static str> for Down {
    fn from(code: &'static str) -> Self {
        Self { code }
    }
}

/// A check: `Fn() -> Future<Output = Result<(), Down>>`.
type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), Down>> + Send + Sync>;

struct Dependency {
    name: &'static str,
    importance: Importance,
    limit: Duration,
    check: Check,
}

/// One dependency as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyHealth {
    /// Its name, such as `postgres`.
    pub name: &'static str,
    /// Whether it works.
    pub up: bool,
    /// What it means when it does not.
    pub importance: Importance,
    /// How long the check took.
    pub latency: Duration,
    /// What is wrong, when it is down.
    pub code: Option<&'static str>,
}

/// The answer to "can you take requests?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// The process accepts work and every required dependency is up.
    pub ready: bool,
    /// The process has started and is not shutting down.
    pub accepting: bool,
    /// Every dependency, in the order they were added.
    pub dependencies: Vec<DependencyHealth>,
}

/// The dependencies of a process.
pub struct HealthRegistry {
    readiness: Readiness,
    dependencies: Vec<Dependency>,
    cached: Mutex<Option<(Instant, Vec<DependencyHealth>)>>,
}

impl HealthRegistry {
    /// A registry without dependencies.
    pub fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            dependencies: Vec::new(),
            cached: Mutex::new(None),
        }
    }

    /// Adds a dependency whose check has to answer within `limit`; one that does not is down with code `timeout`.
    #[must_use]
    pub fn with<F, Fut>(
        mut self,
        name: &'static str,
        importance: Importance,
        limit: Duration,
        check: F,
    ) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Down>> + Send + 'static,
    {
        let check: Check = Box::new(move || check().boxed());
        self.dependencies.push(Dependency {
            name,
            importance,
            limit,
            check,
        });
        self
    }

    /// The present state, at most a second old. Callers that come together share one round of checks.
    pub async fn report(&self) -> HealthReport {
        let dependencies = {
            let mut cached = self.cached.lock().await;
            match cached.as_ref() {
                Some((at, dependencies)) if at.elapsed() < REPORT_TTL => dependencies.clone(),
                _ => {
                    let fresh = join_all(self.dependencies.iter().map(run)).await;
                    *cached = Some((Instant::now(), fresh.clone()));
                    fresh
                }
            }
        };
        let accepting = self.readiness.is_ready();
        let required_up = dependencies
            .iter()
            .all(|dependency| dependency.up || dependency.importance == Importance::Optional);
        HealthReport {
            ready: accepting && required_up,
            accepting,
            dependencies,
        }
    }
}

impl fmt::Debug for HealthRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.dependencies.iter().map(|dependency| dependency.name))
            .finish()
    }
}

async fn run(dependency: &Dependency) -> DependencyHealth {
    let began = Instant::now();
    let outcome = match tokio::time::timeout(dependency.limit, (dependency.check)()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Down { code: "timeout" }),
    };
    DependencyHealth {
        name: dependency.name,
        up: outcome.is_ok(),
        importance: dependency.importance,
        latency: began.elapsed(),
        code: outcome.err().map(|down| down.code),
    }
}
