//! Recording fakes: they keep what they were given and fail when told to.

mod geocoder;
mod identity_admin;
mod mailer;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use avvivo_contracts::events::v1::Event;
use bytes::Bytes;

use crate::{
    BusError, Content, Enqueued, EventBus, EventStream, Job, JobQueue, ObjectMeta, ObjectPath,
    ObjectStore, OutboundEvent, QueueError, SignedUpload, StoreError, Subscribe, Upload,
    UploadGrant,
};

pub use geocoder::FakeGeocoder;
pub use identity_admin::FakeIdentityAdmin;
pub use mailer::FakeMailer;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A queue that remembers its jobs by name.
#[derive(Debug, Default)]
pub struct FakeQueue {
    jobs: Mutex<BTreeMap<String, Job>>,
    failures: Mutex<u32>,
}

impl FakeQueue {
    /// Makes the next `times` calls fail as if the service were away.
    pub fn fail_next(&self, times: u32) {
        *held(&self.failures) = times;
    }

    /// Every job taken so far.
    pub fn jobs(&self) -> Vec<Job> {
        held(&self.jobs).values().cloned().collect()
    }
}

#[async_trait]
impl JobQueue for FakeQueue {
    async fn enqueue(&self, job: &Job) -> Result<Enqueued, QueueError> {
        if take_failure(&self.failures) {
            return Err(QueueError::Unavailable {
                reason: "told to fail".to_owned(),
            });
        }
        let known = held(&self.jobs).insert(job.name.clone(), job.clone());
        Ok(if known.is_some() {
            Enqueued::AlreadyThere
        } else {
            Enqueued::Created
        })
    }
}

/// A bus that remembers what was published. Nobody can listen to it.
#[derive(Debug, Default)]
pub struct FakeBus {
    events: Mutex<Vec<OutboundEvent>>,
    failures: Mutex<u32>,
}

impl FakeBus {
    /// Makes the next `times` batches fail as if the service were away.
    pub fn fail_next(&self, times: u32) {
        *held(&self.failures) = times;
    }

    /// Everything published so far, decoded, in order.
    pub fn events(&self) -> Vec<Event> {
        use prost::Message as _;
        held(&self.events)
            .iter()
            .filter_map(|event| Event::decode(event.payload.clone()).ok())
            .collect()
    }
}

#[async_trait]
impl EventBus for FakeBus {
    async fn publish(&self, events: Vec<OutboundEvent>) -> Vec<Result<(), BusError>> {
        if take_failure(&self.failures) {
            let away = || {
                Err(BusError::Unavailable {
                    reason: "told to fail".to_owned(),
                })
            };
            return events.iter().map(|_| away()).collect();
        }
        let answers = events.iter().map(|_| Ok(())).collect();
        held(&self.events).extend(events);
        answers
    }

    async fn subscribe(&self, _: Subscribe) -> Result<EventStream, BusError> {
        Err(BusError::Refused {
            reason: "the fake bus has no listeners".to_owned(),
        })
    }
}

/// A store that keeps objects in memory.
#[derive(Debug, Default)]
pub struct FakeStore {
    objects: Mutex<BTreeMap<ObjectPath, (ObjectMeta, Vec<u8>)>>,
}

/// Where the fake store pretends to be.
const FAKE_BASE: &str = "https://media.test/";

impl FakeStore {
    /// Puts an object there, as a client's upload would.
    pub fn put(&self, path: &str, content_type: &str, bytes: &[u8]) -> ObjectMeta {
        let mut objects = held(&self.objects);
        let path = ObjectPath::new(path);
        let generation = objects
            .get(&path)
            .map_or(1, |(meta, _)| meta.generation + 1);
        let meta = ObjectMeta {
            generation,
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            content_type: content_type.to_owned(),
        };
        objects.insert(path, (meta.clone(), bytes.to_vec()));
        meta
    }
}

#[async_trait]
impl ObjectStore for FakeStore {
    async fn sign_upload(&self, grant: &UploadGrant) -> Result<SignedUpload, StoreError> {
        Ok(SignedUpload {
            url: format!("{FAKE_BASE}{}?signed", grant.path),
            headers: vec![("content-type".to_owned(), grant.content_type.clone())],
        })
    }

    async fn stat(&self, path: &ObjectPath) -> Result<Option<ObjectMeta>, StoreError> {
        Ok(held(&self.objects).get(path).map(|(meta, _)| meta.clone()))
    }

    async fn download(
        &self,
        path: &ObjectPath,
        generation: i64,
        max_bytes: u64,
        into: &Path,
    ) -> Result<u64, StoreError> {
        let found = held(&self.objects).get(path).cloned();
        let Some((meta, bytes)) = found.filter(|(meta, _)| meta.generation == generation) else {
            return Err(StoreError::Missing { path: path.clone() });
        };
        if meta.size_bytes > max_bytes {
            return Err(StoreError::TooLarge {
                path: path.clone(),
                max_bytes,
            });
        }
        std::fs::write(into, bytes)?;
        Ok(meta.size_bytes)
    }

    async fn read(&self, path: &ObjectPath, max_bytes: u64) -> Result<Bytes, StoreError> {
        let found = held(&self.objects).get(path).cloned();
        let (meta, bytes) = found.ok_or_else(|| StoreError::Missing { path: path.clone() })?;
        if meta.size_bytes > max_bytes {
            return Err(StoreError::TooLarge {
                path: path.clone(),
                max_bytes,
            });
        }
        Ok(bytes.into())
    }

    async fn upload(&self, upload: Upload<'_>) -> Result<ObjectMeta, StoreError> {
        let bytes = match upload.content {
            Content::File(file) => std::fs::read(file)?.into(),
            Content::Bytes(bytes) => bytes,
        };
        Ok(self.put(upload.path.as_str(), upload.content_type, &bytes))
    }

    async fn delete(&self, path: &ObjectPath) -> Result<(), StoreError> {
        held(&self.objects).remove(path);
        Ok(())
    }

    async fn list(&self, prefix: &str, limit: usize) -> Result<Vec<ObjectPath>, StoreError> {
        let objects = held(&self.objects);
        Ok(objects
            .keys()
            .filter(|p| p.as_str().starts_with(prefix))
            .take(limit)
            .cloned()
            .collect())
    }

    fn bucket(&self) -> &'static str {
        "fake"
    }

    fn public_url(&self, path: &ObjectPath) -> String {
        format!("{FAKE_BASE}{path}")
    }

    fn path_of(&self, public_url: &str) -> Option<ObjectPath> {
        public_url.strip_prefix(FAKE_BASE).map(ObjectPath::new)
    }
}

fn take_failure(failures: &Mutex<u32>) -> bool {
    let mut left = held(failures);
    let fails = *left > 0;
    *left = left.saturating_sub(1);
    fails
}
