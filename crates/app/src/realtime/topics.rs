//! What a stream may carry, and who may hear it.
//!
//! | Topic | Is | For |
//! |---|---|---|
//! | `chat` | the caller's own channel: chat, reels and notices of their shop | clients and open shops |
//! | `client:<account>` | the same by its name | that account |
//! | `shop:<shop>` | the same by its name | the owner of that open shop |
//! | `reels` | what enters and leaves the feed | everybody who is signed in |
//! | `live:<live>` | a live stream: how many watch | everybody who is signed in |
//! | `presence:shop:<shop>` | whether somebody of a shop is there | everybody who is signed in |
//! | `presence:client:<account>` | whether a client is there | themselves, and open shops that they talk with |

use avvivo_contracts::{
    audience::{Audience, UnknownAudience},
    cursor::MAX_AUDIENCES,
};
use avvivo_domain::identity::{AccessError, Caller, UserType};
use avvivo_kernel::{ErrorKind, Fault};
use avvivo_postgres::chat;

use crate::{AppError, Deps};

/// Why a stream cannot carry what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopicError {
    /// There is none of that name.
    #[error("no topic {topic}")]
    Unknown {
        /// What was asked.
        topic: String,
    },
    /// It is somebody else's.
    #[error("topic {topic} is somebody else's")]
    NotYours {
        /// What was asked.
        topic: String,
    },
    /// More than a stream carries.
    #[error("too many topics")]
    TooMany,
}

impl Fault for TopicError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown { .. } | Self::TooMany => ErrorKind::Invalid,
            Self::NotYours { .. } => ErrorKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "realtime.unknown_topic",
            Self::NotYours { .. } => "realtime.topic_not_yours",
            Self::TooMany => "realtime.too_many_topics",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Unknown { topic } => format!("No hay novedades con el nombre {topic}."),
            Self::NotYours { topic } => format!("Las novedades de {topic} no son de tu cuenta."),
            Self::TooMany => format!("Podés seguir hasta {MAX_AUDIENCES} temas a la vez."),
        }
    }
}

/// The channel of a caller: their open shop's, or their own. The owner of a shop that is not open is a client here, and
/// administrators have none.
pub fn own_channel(caller: &Caller) -> Result<Audience, AccessError> {
    match (caller.user_type, caller.acting_shop()) {
        (UserType::Client, _) => Ok(Audience::Client(caller.account_id)),
        (UserType::Shop, Some(shop)) => Ok(Audience::Shop(shop)),
        _ => Err(AccessError::NotAllowed),
    }
}

/// The audiences of these topics, each once; every one of them is the caller's to hear. Without topics, their own.
pub async fn run(
    deps: &Deps,
    caller: &Caller,
    topics: &[String],
) -> Result<Vec<Audience>, AppError> {
    let audiences = audiences(caller, topics)?;
    for audience in &audiences {
        let Audience::PresenceOfClient(client) = *audience else {
            continue;
        };
        let may_watch = match caller.acting_shop() {
            _ if client == caller.account_id => true,
            Some(shop) => {
                let mut conn = deps.db.acquire().await?;
                chat::talk(&mut conn, client, shop).await?
            }
            None => false,
        };
        if !may_watch {
            return Err(not_yours(&audience.to_string()).into());
        }
    }
    Ok(audiences)
}

/// What can be said of topics without asking anybody.
fn audiences(caller: &Caller, topics: &[String]) -> Result<Vec<Audience>, TopicError> {
    let own = own_channel(caller).ok();
    if topics.is_empty() {
        return Ok(own.into_iter().chain([Audience::PublicReels]).collect());
    }
    if topics.len() > MAX_AUDIENCES {
        return Err(TopicError::TooMany);
    }
    let mut heard = Vec::with_capacity(topics.len());
    for topic in topics {
        let audience = match topic.as_str() {
            "reels" => Audience::PublicReels,
            "chat" => own.ok_or_else(|| not_yours(topic))?,
            named => by_name(named, own)?,
        };
        if !heard.contains(&audience) {
            heard.push(audience);
        }
    }
    Ok(heard)
}

/// The audience of that name, if it may be asked for by it, by whoever has this channel.
fn by_name(topic: &str, own: Option<Audience>) -> Result<Audience, TopicError> {
    match topic.parse() {
        Ok(channel) if own == Some(channel) => Ok(channel),
        Ok(Audience::Shop(_) | Audience::Client(_)) => Err(not_yours(topic)),
        Ok(
            open
            @ (Audience::Live(_) | Audience::PresenceOfShop(_) | Audience::PresenceOfClient(_)),
        ) => Ok(open),
        Ok(Audience::PublicReels | Audience::PublicShops | Audience::ControlAccess)
        | Err(UnknownAudience) => Err(TopicError::Unknown {
            topic: shown(topic),
        }),
    }
}

fn not_yours(topic: &str) -> TopicError {
    TopicError::NotYours {
        topic: shown(topic),
    }
}

/// As much of it as an answer repeats.
fn shown(topic: &str) -> String {
    topic.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use avvivo_domain::identity::Role;
    use uuid::Uuid;

    use super::*;

    fn caller(user_type: UserType, role: Role) -> Caller {
        Caller {
            account_id: Uuid::from_u128(1).into(),
            uid: "u".to_owned(),
            email: "a@example.com".to_owned(),
            email_verified: true,
            user_type,
            role,
            admin_role: None,
            shop_id: Some(Uuid::from_u128(2).into()),
            token_expires_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    fn heard(caller: &Caller, topics: &[&str]) -> Result<Vec<Audience>, TopicError> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        audiences(caller, &topics)
    }

    #[test]
    fn everybody_hears_their_own_and_the_feed_and_nothing_else() {
        let client = caller(UserType::Client, Role::PendingStore);
        let seller = caller(UserType::Shop, Role::Store);
        let admin = caller(UserType::Admin, Role::Superadmin);
        let own_client = Audience::Client(Uuid::from_u128(1).into());
        let own_shop = Audience::Shop(Uuid::from_u128(2).into());
        let feed = Audience::PublicReels;

        assert_eq!(heard(&client, &[]), Ok(vec![own_client, feed]));
        assert_eq!(
            heard(&seller, &["reels", "chat", &own_shop.to_string()]),
            Ok(vec![feed, own_shop])
        );
        assert_eq!(heard(&admin, &[]), Ok(vec![feed]));
        for (who, topic) in [
            (&client, own_shop.to_string()),
            (&seller, own_client.to_string()),
            (&admin, "chat".to_owned()),
        ] {
            let refused = heard(who, &[&topic]);
            assert!(
                matches!(refused, Err(TopicError::NotYours { .. })),
                "{refused:?}"
            );
        }
        let live = Audience::Live(Uuid::from_u128(0xabc).into());
        let there = Audience::PresenceOfShop(Uuid::from_u128(2).into());
        assert_eq!(
            heard(&client, &[&live.to_string(), &there.to_string()]),
            Ok(vec![live, there])
        );
        let shouted = live.to_string().to_uppercase().replace("LIVE", "live");
        for topic in [
            "",
            "public:reels",
            "public:shops",
            "control:accounts",
            "control:access",
            "*",
            "live:",
            "live:1",
            "shop:1",
            "presence:reels",
            "presence:shop:*",
            shouted.as_str(),
        ] {
            let refused = heard(&admin, &[topic]);
            assert!(
                matches!(refused, Err(TopicError::Unknown { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(heard(&client, &["reels"; 9]), Err(TopicError::TooMany));
    }
}
