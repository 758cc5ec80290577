//! The topic, and the subscription that one instance has to it.

use avvivo_ports::{BusError, Subscribe};
use google_cloud_pubsub::client::{SubscriptionAdmin, TopicAdmin};
use google_cloud_pubsub::model::ExpirationPolicy;
use google_cloud_wkt::Duration;

use super::PubSubConfig;
use crate::environment::CALL_LIMIT;
use crate::fault::{self, Trouble};

/// Seconds after which an unacknowledged event is delivered again; the least there is. Readers
/// acknowledge within milliseconds, and the client extends what still waits.
pub(super) const ACK_DEADLINE_SECONDS: i32 = 10;

/// Seconds for which events wait for an instance that cannot be reached; the least there is. Who
/// was away for longer fetches the present state instead.
const RETENTION_SECONDS: i64 = 600;

/// Seconds after which a subscription that nobody pulls from disappears; the least there is. It
/// collects what crashed instances leave behind.
const EXPIRY_SECONDS: i64 = 86_400;

/// Longest name of a subscription.
const NAME_LIMIT: usize = 255;

#[derive(Clone)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) admin: TopicAdmin,
    /// Whether a missing topic is ours to create.
    pub(super) is_ours: bool,
}

impl Topic {
    pub(super) async fn ensure(&self) -> Result<(), BusError> {
        let create = self.admin.create_topic().set_name(&self.name).send();
        match fault::call(CALL_LIMIT, create).await {
            Ok(_) => Ok(()),
            Err(error) if fault::is_taken(&error) => Ok(()),
            Err(error) => Err(Trouble::from(error).into()),
        }
    }
}

/// One instance's subscription.
pub(super) struct Subscription {
    admin: SubscriptionAdmin,
    topic: Topic,
    name: String,
    filter: String,
}

enum Created {
    New,
    Existed,
}

impl Subscription {
    pub(super) fn new(
        admin: SubscriptionAdmin,
        topic: Topic,
        config: &PubSubConfig,
        subscribe: &Subscribe,
    ) -> Result<Self, BusError> {
        let id = format!("{}-{}", config.subscription_prefix, subscribe.instance);
        if !is_valid_id(&id) {
            return Err(BusError::Refused {
                reason: format!("{id:?} cannot name a subscription"),
            });
        }
        Ok(Self {
            admin,
            topic,
            name: format!("projects/{}/subscriptions/{id}", config.project),
            filter: filter(subscribe.audience_class.as_deref())?,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Creates it, replacing one that an earlier run of this instance left behind: that one may
    /// filter differently, and what waits in it is of no use to a fresh reader.
    pub(super) async fn create_afresh(&self) -> Result<(), BusError> {
        if matches!(self.create().await?, Created::Existed) {
            self.delete().await?;
            self.create().await?;
        }
        Ok(())
    }

    /// Creates it unless it is there; what waits in it then is still to be delivered.
    pub(super) async fn ensure(&self) -> Result<(), BusError> {
        self.create().await.map(|_| ())
    }

    /// Whether it can be seen just now.
    pub(super) async fn check(&self) -> Result<(), BusError> {
        let get = self
            .admin
            .get_subscription()
            .set_subscription(&self.name)
            .send();
        fault::call(CALL_LIMIT, get).await.map_err(Trouble::from)?;
        Ok(())
    }

    /// Deletes it; one that is not there counts as deleted.
    pub(super) async fn delete(&self) -> Result<(), BusError> {
        let delete = self
            .admin
            .delete_subscription()
            .set_subscription(&self.name)
            .send();
        match fault::call(CALL_LIMIT, delete).await {
            Ok(()) => Ok(()),
            Err(error) if fault::is_missing(&error) => Ok(()),
            Err(error) => Err(Trouble::from(error).into()),
        }
    }

    async fn create(&self) -> Result<Created, BusError> {
        match self.try_create().await {
            Err(error) if fault::is_missing(&error) && self.topic.is_ours => {
                self.topic.ensure().await?;
                self.try_create().await
            }
            outcome => outcome,
        }
        .map_err(|error| Trouble::from(error).into())
    }

    async fn try_create(&self) -> Result<Created, google_cloud_gax::error::Error> {
        let expiry = ExpirationPolicy::new().set_ttl(Duration::clamp(EXPIRY_SECONDS, 0));
        let create = self
            .admin
            .create_subscription()
            .set_name(&self.name)
            .set_topic(&self.topic.name)
            .set_ack_deadline_seconds(ACK_DEADLINE_SECONDS)
            .set_enable_message_ordering(true)
            .set_message_retention_duration(Duration::clamp(RETENTION_SECONDS, 0))
            .set_expiration_policy(expiry)
            .set_filter(&self.filter)
            .send();
        match fault::call(CALL_LIMIT, create).await {
            Ok(_) => Ok(Created::New),
            Err(error) if fault::is_taken(&error) => Ok(Created::Existed),
            Err(error) => Err(error),
        }
    }
}

fn filter(class: Option<&str>) -> Result<String, BusError> {
    match class {
        None => Ok(String::new()),
        Some(class)
            if !class.is_empty()
                && class
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
        {
            Ok(format!("attributes.audience_class = \"{class}\""))
        }
        Some(class) => Err(BusError::Refused {
            reason: format!("{class:?} is no class of audiences"),
        }),
    }
}

/// <https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names>
fn is_valid_id(id: &str) -> bool {
    (3..=NAME_LIMIT).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphabetic())
        && !id.starts_with("goog")
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+%".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_pubsub_would_refuse_are_refused_here() {
        assert!(is_valid_id("gateway-00042-abc"));
        for id in ["", "g", "9-a", "goog-a", "a b c", "a/b/c", &"a".repeat(256)] {
            assert!(!is_valid_id(id), "{id}");
        }
    }

    #[test]
    fn a_class_cannot_break_out_of_the_filter() {
        assert_eq!(filter(None).unwrap(), "");
        assert_eq!(
            filter(Some("shop")).unwrap(),
            "attributes.audience_class = \"shop\""
        );
        assert!(filter(Some("")).is_err());
        assert!(filter(Some("a\" OR attributes.x = \"")).is_err());
    }
}
