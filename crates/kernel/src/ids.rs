//! Typed identifiers, and where new ones come from.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The bare UUID, for storage.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

typed_ids! {
    /// A person's account, whatever their role.
    AccountId,
    /// A shop.
    ShopId,
    /// A reel.
    ReelId,
    /// A live.
    StreamId,
    /// An event or job in the outbox; consumers recognise repeats by it.
    EventId,
    /// A conversation between a client and a shop.
    ConversationId,
    /// A message of a conversation.
    MessageId,
    /// Proof of holding a lease; a new one is drawn each time a lease is taken.
    LeaseToken,
}

/// Where new ids come from.
pub trait IdSource: Send + Sync {
    /// A new id. Ids of one source sort by the time they were made.
    fn uuid(&self) -> Uuid;

    /// A new secret, which nobody can guess who has seen others.
    fn secret(&self) -> [u8; 32] {
        joined(self.uuid(), self.uuid())
    }
}

fn joined(first: Uuid, second: Uuid) -> [u8; 32] {
    let mut secret = [0; 32];
    let (head, tail) = secret.split_at_mut(16);
    head.copy_from_slice(first.as_bytes());
    tail.copy_from_slice(second.as_bytes());
    secret
}

/// Time-ordered random ids (UUID version 7).
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws ids"
    )]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// 244 bits of a generator that nobody can predict, seeded from the system's.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that draws secrets"
    )]
    fn secret(&self) -> [u8; 32] {
        joined(Uuid::new_v4(), Uuid::new_v4())
    }
}
