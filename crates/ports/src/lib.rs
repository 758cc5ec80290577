#![doc = include_str!("../README.md")]

pub mod access_tokens;
#[cfg(feature = "contract")]
pub mod contract;
pub mod event_bus;
#[cfg(feature = "fakes")]
pub mod fakes;
pub mod geocoder;
pub mod identity_admin;
pub mod job_queue;
pub mod mailer;
pub mod object_store;
pub mod unconfigured;

pub use access_tokens::{AccessTokenError, AccessTokens};
pub use event_bus::{BusError, Delivery, EventBus, EventStream, OutboundEvent, Subscribe};
pub use geocoder::{Coordinates, GeocodeError, Geocoder};
pub use identity_admin::{IdentityAdmin, IdentityError, IdentityUser};
pub use job_queue::{Enqueued, Job, JobQueue, QueueError, QueueName};
pub use mailer::{Mail, MailError, MailId, MailTag, Mailer};
pub use object_store::{
    Content, ObjectMeta, ObjectPath, ObjectStore, SignedUpload, StoreError, Upload, UploadGrant,
};
pub use unconfigured::Unconfigured;
