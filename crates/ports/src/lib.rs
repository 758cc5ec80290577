#![doc = include_str!("../README.md")]

#[cfg(feature = "contract")]
pub mod contract;
pub mod event_bus;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod job_queue;
pub mod object_store;

pub use event_bus::{BusError, Delivery, EventBus, EventStream, OutboundEvent, Subscribe};
pub use job_queue::{Enqueued, Job, JobQueue, QueueError, QueueName};
pub use object_store::{
    ObjectMeta, ObjectPath, ObjectStore, SignedUpload, StoreError, Upload, UploadGrant,
};
