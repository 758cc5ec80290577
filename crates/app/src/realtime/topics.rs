//! What a stream may carry, and who may hear it.
//!
//! | Topic | Is | For |
//! |---|---|---|
//! | `chat` | the caller's own channel: chat, reels and notices of their shop | clients and open shops |
//! | `client:<account>` | the same by its name | that account |
//! | `shop:<shop>` | the same by its name | the owner of that open shop |
//! | `reels` | what enters and leaves the feed | everybody who is signed in |

use avvivo_contracts::{audience, cursor::MAX_AUDIENCES};
use avvivo_domain::identity::{AccessError, Caller, UserType};
use avvivo_kernel::{ErrorKind, Fault};

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

/// The audiences of these topics, each once; every one of them is the caller's to hear. Without topics, all that is.
pub fn audiences(caller: &Caller, topics: &[String]) -> Result<Vec<String>, TopicError> {
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

fn not_yours(topic: &str) -> TopicError {
    TopicError::NotYours {
        topic: topic.chars().take(60).collect(),
    }
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
        for topic in ["", "public:reels", "control:accounts", "*"] {
            let refused = heard(&admin, &[topic]);
            assert!(
                matches!(refused, Err(TopicError::Unknown { .. })),
                "{refused:?}"
            );
        }
        assert_eq!(heard(&client, &["reels"; 9]), Err(TopicError::TooMany));
    }
}
