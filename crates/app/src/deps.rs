//! What use cases work with.

use std::{sync::Arc, time::Duration};

use avvivo_domain::{
    chat, identity::AdminEmails, reels::LIFETIME, shops::intake::AddressDefaults, uploads::MEGABYTE,
};
use avvivo_kernel::{Clock, EventId, IdSource, Timestamp};
use avvivo_pictures::Pictures;
use avvivo_ports::{EventBus, IdentityAdmin, ObjectStore};
use avvivo_postgres::{Database, DbError, Transaction, outbox::Occasion};
use chrono::TimeDelta;

use crate::{chat::Together, outbox::Nudge};

/// What use cases work with. Cheap to clone.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub db: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Files.
    pub store: Arc<dyn ObjectStore>,
    /// Pictures of conversations; where one bucket holds all, the same.
    pub chat_store: Arc<dyn ObjectStore>,
    /// Reports of our testers; where one bucket holds all, the same.
    pub reports_store: Arc<dyn ObjectStore>,
    /// Draws strangers' pictures anew.
    pub pictures: Pictures,
    /// Tells how things are just now. What has happened goes through the outbox.
    pub bus: Arc<dyn EventBus>,
    /// People at the identity provider.
    pub people: Arc<dyn IdentityAdmin>,
    /// Takes what a commit wrote to the outbox to the relay of this process.
    pub nudge: Nudge,
    /// Has those who say something at once do so together.
    pub together: Together,
    /// The W3C trace context of whatever is going on now.
    pub traceparent: fn() -> Option<String>,
    /// The numbers that are configuration.
    pub policy: Arc<Policy>,
}

impl Deps {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When a file that is uploaded now, and that nothing comes of, may be deleted: a day after the last moment at which its
    /// client can still put something there.
    pub(crate) fn unused_after(&self, now: Timestamp) -> Timestamp {
        let open = TimeDelta::from_std(self.policy.upload_expires_in).unwrap_or(LIFETIME);
        now + open + LIFETIME
    }

    /// The store that an object of ours is in.
    pub(crate) fn store_of(&self, path: &str) -> &dyn ObjectStore {
        if path.starts_with(chat::FOLDER) {
            self.chat_store.as_ref()
        } else {
            self.store.as_ref()
        }
    }

    /// What all events have in common that are written now.
    pub(crate) fn occasion(&self, now: Timestamp) -> Occasion {
        Occasion {
            at: now,
            claimed_until: self.nudge.claim(now),
        }
    }

    /// Makes everything done in a transaction true at once, and has the relay of this process tell the world.
    pub(crate) async fn commit(&self, tx: Transaction) -> Result<(), DbError> {
        let claimed = tx.written().claimed.iter().map(|row| row.id).collect();
        let uncertain = self.nudge.expect(claimed);
        let written = tx.commit().await?;
        uncertain.committed(written, self.now());
        Ok(())
    }

    pub(crate) fn event_id(&self) -> EventId {
        self.ids.uuid().into()
    }
}

/// The numbers that are configuration.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Who administers.
    pub admin_emails: AdminEmails,
    /// The largest video that is taken.
    pub max_video_bytes: u64,
    /// How long a signed upload may be used.
    pub upload_expires_in: Duration,
    /// Whether a shop's reels are processed one at a time.
    pub single_processing: bool,
    /// A reel in process for longer than this no longer keeps its shop from publishing.
    pub stale_after: TimeDelta,
    /// How many reels of each age compete for the showcase.
    pub showcase_per_band: u32,
    /// What stands in for parts of an address that those who register leave out.
    pub address_defaults: AddressDefaults,
    /// Who else is there.
    pub outside: Outside,
}

/// Who outside this installation does something for it, and where its app is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outside {
    /// Whether there is somebody who sends mails.
    pub mail: bool,
    /// Whether people can be administered at the identity provider, which gives the links that mails carry.
    pub people: bool,
    /// Whether there is a map to ask.
    pub map: bool,
    /// Where the app is, without a slash at the end: mails lead there.
    pub app_url: String,
}

impl Outside {
    /// Where the identity provider sends people on who have set a password. The app reads the intent.
    pub(crate) fn reset_url(&self, intent: &str) -> String {
        format!("{}/reset?intent={intent}", self.app_url)
    }
}

impl Default for Outside {
    /// Nobody.
    fn default() -> Self {
        Self {
            mail: false,
            people: false,
            map: false,
            app_url: "https://avellanedaenvivo.com.ar".to_owned(),
        }
    }
}

impl Default for Policy {
    /// The specification's defaults.
    fn default() -> Self {
        Self {
            admin_emails: AdminEmails::default(),
            max_video_bytes: 100 * MEGABYTE,
            upload_expires_in: Duration::from_mins(15),
            single_processing: true,
            stale_after: TimeDelta::minutes(45),
            showcase_per_band: 120,
            address_defaults: AddressDefaults::default(),
            outside: Outside::default(),
        }
    }
}
