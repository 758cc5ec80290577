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

use avvivo_contracts::{audience, cursor::MAX_AUDIENCES};
use avvivo_domain::identity::{AccessError, Caller, UserType};
use avvivo_kernel::{AccountId, ErrorKind, Fault};
use avvivo_postgres::chat;
use uuid::Uuid;

use crate::{AppError, Deps};

const PRESENCE: &str = "presence:";

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
pub fn own_channel(caller: &Caller) -> Result<String, AccessError> {
    match (caller.user_type, caller.acting_shop()) {
        (UserType::Client, _) => Ok(audience::client(caller.account_id)),
        (UserType::Shop, Some(shop)) => Ok(audience::shop(shop)),
        _ => Err(AccessError::NotAllowed),
    }
}

/// The audiences of these topics, each once; every one of them is the caller's to hear. Without topics, their own.
pub async fn run(deps: &Deps, caller: &Caller, topics: &[String]) -> Result<Vec<String>, AppError> {
    let audiences = audiences(caller, topics)?;
    for audience in &audiences {
        let Some(client) = client_to_watch(audience) else {
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
            return Err(not_yours(audience).into());
        }
    }
    Ok(audiences)
}

/// The client whose presence an audience is about.
fn client_to_watch(audience: &str) -> Option<AccountId> {
    let channel = audience.strip_prefix(PRESENCE)?;
    channel.strip_prefix("client:")?.parse().ok()
}

/// What can be said of topics without asking anybody.
fn audiences(caller: &Caller, topics: &[String]) -> Result<Vec<String>, TopicError> {
    let own = own_channel(caller).ok();
    if topics.is_empty() {
        return Ok(own
            .into_iter()
            .chain([audience::PUBLIC_REELS.to_owned()])
            .collect());
    }
    if topics.len() > MAX_AUDIENCES {
        return Err(TopicError::TooMany);
    }
    let mut heard: Vec<String> = Vec::new();
    for topic in topics {
        let audience = match topic.as_str() {
            "reels" => audience::PUBLIC_REELS.to_owned(),
            "chat" => own.clone().ok_or_else(|| not_yours(topic))?,
            named if own.as_deref() == Some(named) => named.to_owned(),
            open if is_open(open) => open.to_owned(),
            named if named.starts_with("client:") || named.starts_with("shop:") => {
                return Err(not_yours(topic));
            }
            _ => {
                return Err(TopicError::Unknown {
                    topic: topic.chars().take(60).collect(),
                });
            }
        };
        if !heard.contains(&audience) {
            heard.push(audience);
        }
    }
    Ok(heard)
}

/// Topics that need no right of one's own: live streams, and who is there.
fn is_open(topic: &str) -> bool {
    let names = |prefix: &str| {
        let id = topic.strip_prefix(prefix);
        // As ids are written, and no other way: a topic has one name.
        id.is_some_and(|id| id.parse::<Uuid>().is_ok_and(|uuid| uuid.to_string() == id))
    };
    names("live:") || names("presence:shop:") || names("presence:client:")
}

fn not_yours(topic: &str) -> TopicError {
    TopicError::NotYours {
        topic: topic.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use avvivo_domain::identity::Role;

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

    fn heard(caller: &Caller, topics: &[&str]) -> Result<Vec<String>, TopicError> {
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        audiences(caller, &topics)
    }

    #[test]
    fn everybody_hears_their_own_and_the_feed_and_nothing_else() {
        let client = caller(UserType::Client, Role::PendingStore);
        let seller = caller(UserType::Shop, Role::Store);
        let admin = caller(UserType::Admin, Role::Superadmin);
        let own_client = format!("client:{}", Uuid::from_u128(1));
        let own_shop = format!("shop:{}", Uuid::from_u128(2));
        let feed = "public:reels".to_owned();

        assert_eq!(
            heard(&client, &[]),
            Ok(vec![own_client.clone(), feed.clone()])
        );
        assert_eq!(
            heard(&seller, &["reels", "chat", &own_shop]),
            Ok(vec![feed.clone(), own_shop.clone()])
        );
        assert_eq!(heard(&admin, &[]), Ok(vec![feed]));
        for (who, topic) in [
            (&client, own_shop.as_str()),
            (&seller, &own_client),
            (&admin, "chat"),
        ] {
            let refused = heard(who, &[topic]);
            assert!(
                matches!(refused, Err(TopicError::NotYours { .. })),
                "{refused:?}"
            );
        }
        let live = format!("live:{}", Uuid::from_u128(0xabc));
        let there = format!("presence:shop:{}", Uuid::from_u128(2));
        assert_eq!(
            heard(&client, &[&live, &there]),
            Ok(vec![live.clone(), there])
        );
        let shouted = live.to_uppercase().replace("LIVE", "live");
        for topic in [
            "",
            "public:reels",
            "control:accounts",
            "control:access",
            "*",
            "live:",
            "live:1",
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
