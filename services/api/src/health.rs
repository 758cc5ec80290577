//! What the api depends on, as `/ready` and its gRPC health tell it.
//!
//! Without its database it can do nothing. Without the rest it does something less, which is said and makes it no less
//! ready: taking an instance out of service brings back neither Redis nor the object store.

use std::{future::ready, sync::Arc, time::Duration};

use avvivo_kernel::{Clock, Fault as _};
use avvivo_ports::{ObjectPath, ObjectStore};
use avvivo_postgres::{Database, outbox};
use avvivo_redis::Redis;
use avvivo_service_kit::{
    Lifecycle,
    health::{Down, HealthRegistry, Importance},
};
use avvivo_tokens::{FirebaseVerifier, OidcVerifier};
use avvivo_wiring::Core;

use crate::freshness::Hearing;

/// A dependency that takes longer to answer than this is as good as down.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// The outbox is drained within milliseconds. What has waited this long is not being taken by the bus or the queue.
const OUTBOX_LATE: Duration = Duration::from_mins(1);

/// An object that is not there. To be told so, the store has to answer.
const NO_OBJECT: &str = "health/nothing";

/// What the api can do without, besides parts of its core.
pub(crate) struct Optional {
    pub(crate) hearing: Hearing,
    pub(crate) redis: Option<Redis>,
    /// None where nobody can sign in.
    pub(crate) people: Option<FirebaseVerifier>,
    pub(crate) services: Arc<OidcVerifier>,
}

impl Optional {
    /// All checks: these beside those of what is required.
    pub(crate) fn beside(self, core: &Core, lifecycle: &Lifecycle) -> HealthRegistry {
        let Self {
            hearing,
            redis,
            people,
            services,
        } = self;
        let required = core.health(lifecycle);
        let store: Arc<dyn ObjectStore> = core.store.clone();
        let (db, clock) = (core.deps.db.clone(), Arc::clone(&core.deps.clock));
        let registry = optional(required, "event_bus", move || ready(hearing.check()));
        let registry = match redis {
            Some(redis) => optional(registry, "redis", move || ping(redis.clone())),
            None => registry,
        };
        let registry = optional(registry, "object_store", move || {
            answers(Arc::clone(&store))
        });
        let registry = match people {
            Some(people) => optional(registry, "token_keys", move || {
                let people = people.clone();
                async move {
                    people
                        .keys()
                        .check()
                        .await
                        .map_err(|down| down.code().into())
                }
            }),
            None => registry,
        };
        let registry = optional(registry, "service_keys", move || {
            let services = Arc::clone(&services);
            async move {
                services
                    .keys()
                    .check()
                    .await
                    .map_err(|down| down.code().into())
            }
        });
        optional(registry, "outbox", move || {
            drained(db.clone(), Arc::clone(&clock))
        })
    }
}

fn optional<F, Fut>(registry: HealthRegistry, name: &'static str, check: F) -> HealthRegistry
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Down>> + Send + 'static,
{
    registry.with(name, Importance::Optional, CHECK_LIMIT, check)
}

async fn ping(redis: Redis) -> Result<(), Down> {
    redis.ping().await.map_err(|error| error.code().into())
}

async fn answers(store: Arc<dyn ObjectStore>) -> Result<(), Down> {
    let asked = store.stat(&ObjectPath::new(NO_OBJECT)).await;
    asked.map(|_| ()).map_err(|error| error.code().into())
}

/// Whether the bus and the queue take what is committed; neither is asked itself.
async fn drained(db: Database, clock: Arc<dyn Clock>) -> Result<(), Down> {
    let lag = async {
        let mut conn = db.acquire().await?;
        outbox::lag(&mut conn, clock.now()).await
    };
    let lag = lag.await.map_err(|error| Down { code: error.code() })?;
    if u128::try_from(lag.oldest_ms).unwrap_or_default() > OUTBOX_LATE.as_millis() {
        return Err("outbox.late".into());
    }
    Ok(())
}
