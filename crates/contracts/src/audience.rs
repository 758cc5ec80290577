//! Whom an event is for, and how that is spelled: a class, and whom of that class, with a colon between.

use std::{fmt, str::FromStr};

use avvivo_kernel::{AccountId, ShopId, StreamId};
use uuid::Uuid;

/// The class of audiences that everybody may hear.
pub const PUBLIC_CLASS: &str = "public";

const SHOP: &str = "shop";
const CLIENT: &str = "client";
const LIVE: &str = "live";
const PRESENCE: &str = "presence";
const CONTROL: &str = "control";
const REELS: &str = "reels";
const SHOPS: &str = "shops";
const ACCESS: &str = "access";

/// Whom an event is for. It has one spelling, which is what clients call a topic, and what stands in the outbox and on the
/// bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The people of one shop.
    Shop(ShopId),
    /// One client.
    Client(AccountId),
    /// All who watch a live stream.
    Live(StreamId),
    /// Whoever wants to know whether somebody of a shop is there. Only ever told how it is; nothing of it is kept.
    PresenceOfShop(ShopId),
    /// Whoever wants to know whether a client is there.
    PresenceOfClient(AccountId),
    /// Everybody, about reels entering and leaving the public feed.
    PublicReels,
    /// Caches, about shops.
    PublicShops,
    /// Instances of the platform, about whose rights have changed. No client may hear it.
    ControlAccess,
}

/// It is not how an audience is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no audience is spelled like this")]
pub struct UnknownAudience;

impl Audience {
    /// The part before the colon.
    pub fn class(self) -> &'static str {
        match self {
            Self::Shop(_) => SHOP,
            Self::Client(_) => CLIENT,
            Self::Live(_) => LIVE,
            Self::PresenceOfShop(_) | Self::PresenceOfClient(_) => PRESENCE,
            Self::PublicReels | Self::PublicShops => PUBLIC_CLASS,
            Self::ControlAccess => CONTROL,
        }
    }

    /// The part after it.
    fn whom(self) -> Whom {
        match self {
            Self::Shop(shop) => Whom::One(shop.as_uuid()),
            Self::Client(client) => Whom::One(client.as_uuid()),
            Self::Live(live) => Whom::One(live.as_uuid()),
            Self::PresenceOfShop(shop) => Whom::OneOf(SHOP, shop.as_uuid()),
            Self::PresenceOfClient(client) => Whom::OneOf(CLIENT, client.as_uuid()),
            Self::PublicReels => Whom::All(REELS),
            Self::PublicShops => Whom::All(SHOPS),
            Self::ControlAccess => Whom::All(ACCESS),
        }
    }

    /// Somebody's own: a client's, or that of the people of a shop.
    pub fn is_channel(self) -> bool {
        matches!(self, Self::Shop(_) | Self::Client(_))
    }

    /// Whether its readers are counted: of a channel, because then somebody is there, and of a live stream.
    pub fn is_counted(self) -> bool {
        self.is_channel() || matches!(self, Self::Live(_))
    }

    /// The audience whose readers it tells the number of.
    pub fn tells_of(self) -> Option<Self> {
        match self {
            Self::PresenceOfShop(shop) => Some(Self::Shop(shop)),
            Self::PresenceOfClient(client) => Some(Self::Client(client)),
            Self::Live(_) => Some(self),
            _ => None,
        }
    }
}

enum Whom {
    One(Uuid),
    OneOf(&'static str, Uuid),
    All(&'static str),
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = Uuid::encode_buffer();
        let mut write = |before: &[&str], id: &Uuid| {
            f.write_str(self.class())?;
            f.write_str(":")?;
            before.iter().try_for_each(|part| f.write_str(part))?;
            f.write_str(id.hyphenated().encode_lower(&mut digits))
        };
        match self.whom() {
            Whom::One(id) => write(&[], &id),
            Whom::OneOf(class, id) => write(&[class, ":"], &id),
            Whom::All(what) => write!(f, "{}:{what}", self.class()),
        }
    }
}

impl FromStr for Audience {
    type Err = UnknownAudience;

    fn from_str(text: &str) -> Result<Self, UnknownAudience> {
        let (class, whom) = text.split_once(':').ok_or(UnknownAudience)?;
        match (class, whom) {
            (PUBLIC_CLASS, REELS) => return Ok(Self::PublicReels),
            (PUBLIC_CLASS, SHOPS) => return Ok(Self::PublicShops),
            (CONTROL, ACCESS) => return Ok(Self::ControlAccess),
            _ => {}
        }
        match (class, whom.split_once(':')) {
            (SHOP, None) => Ok(Self::Shop(id(whom)?.into())),
            (CLIENT, None) => Ok(Self::Client(id(whom)?.into())),
            (LIVE, None) => Ok(Self::Live(id(whom)?.into())),
            (PRESENCE, Some((SHOP, whom))) => Ok(Self::PresenceOfShop(id(whom)?.into())),
            (PRESENCE, Some((CLIENT, whom))) => Ok(Self::PresenceOfClient(id(whom)?.into())),
            _ => Err(UnknownAudience),
        }
    }
}

/// An id as ids are written, and no other way.
fn id(text: &str) -> Result<Uuid, UnknownAudience> {
    let id = Uuid::try_parse(text).map_err(|_| UnknownAudience)?;
    let mut digits = Uuid::encode_buffer();
    let is_its_spelling = id.hyphenated().encode_lower(&mut digits) == text;
    is_its_spelling.then_some(id).ok_or(UnknownAudience)
}

/// The class of an audience that may be unknown here, by its spelling.
pub fn class(audience: &str) -> &str {
    audience
        .split_once(':')
        .map_or(audience, |(class, _)| class)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0a000000-0000-7000-8000-0000000000ff";

    fn any_audience() -> impl Strategy<Value = Audience> {
        (0..8, any::<u128>()).prop_map(|(kind, id)| {
            let id = Uuid::from_u128(id);
            match kind {
                0 => Audience::Shop(id.into()),
                1 => Audience::Client(id.into()),
                2 => Audience::Live(id.into()),
                3 => Audience::PresenceOfShop(id.into()),
                4 => Audience::PresenceOfClient(id.into()),
                5 => Audience::PublicReels,
                6 => Audience::PublicShops,
                _ => Audience::ControlAccess,
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_read(audience in any_audience()) {
            let spelled = audience.to_string();
            prop_assert_eq!(spelled.parse(), Ok(audience));
            prop_assert_eq!(class(&spelled), audience.class());
        }

        #[test]
        fn what_is_read_has_that_one_spelling(text in "(public|control|shop|client|live|presence(:shop|:client)?):(reels|access|[0-9a-fA-F-]{30,40})") {
            if let Ok(audience) = text.parse::<Audience>() {
                prop_assert_eq!(audience.to_string(), text);
            }
        }
    }

    #[test]
    fn they_are_spelled_as_clients_know_them() {
        let spelled: Vec<String> = [
            Audience::Shop(id(ID).unwrap().into()),
            Audience::PresenceOfClient(id(ID).unwrap().into()),
            Audience::PublicReels,
        ]
        .iter()
        .map(ToString::to_string)
        .collect();
        assert_eq!(
            spelled,
            [
                &format!("shop:{ID}"),
                &format!("presence:client:{ID}"),
                "public:reels"
            ]
        );
        let shouted = format!("shop:{}", ID.to_uppercase());
        for unknown in [
            "",
            "shop",
            "shop:",
            "shop:1",
            "live:*",
            "reels:public",
            "presence:live:x",
            &shouted,
        ] {
            assert_eq!(
                unknown.parse::<Audience>(),
                Err(UnknownAudience),
                "{unknown}"
            );
        }
    }

    #[test]
    fn one_takes_no_more_than_an_id_and_a_byte() {
        assert_eq!(size_of::<Audience>(), 17);
    }
}
