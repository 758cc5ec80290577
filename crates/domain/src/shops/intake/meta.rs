//! What is kept of how a shop registered.

use avvivo_kernel::{Timestamp, time::to_wire};
use serde_json::{Map, Value};

use crate::{fields, text};

/// What the server says; a client that says it is not believed.
const SERVER_KEYS: [&str; 7] = [
    "source",
    "ip",
    "userAgent",
    "termsAcceptedAt",
    "socialCount",
    "auditTrail",
    "lastAuditAt",
];
/// A client may add a few words on where somebody came from, not a file.
const MAX_CLIENT_BYTES: usize = 4 * 1024;
/// Longer ones are cut.
const MAX_USER_AGENT_CHARS: usize = 512;

/// Where a registration came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The network address.
    pub ip: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// What a client may have kept of what it sent: nothing that the server says, nothing that cannot be stored, and all or
/// nothing, because half of it means something else.
pub fn from_client(sent: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut kept = sent.map(fields::storable).unwrap_or_default();
    kept.retain(|key, _| !SERVER_KEYS.contains(&key.as_str()));
    if fields::bytes(&kept) > MAX_CLIENT_BYTES {
        kept.clear();
    }
    kept
}

/// The whole of it.
pub fn of_registration(
    sent: Option<&Map<String, Value>>,
    origin: &Origin,
    social_count: usize,
    now: Timestamp,
) -> Map<String, Value> {
    let mut meta = from_client(sent);
    let user_agent = origin.user_agent.as_deref().map(|agent| {
        let agent = text::clean(agent);
        agent.chars().take(MAX_USER_AGENT_CHARS).collect::<String>()
    });
    for (key, value) in [
        ("source", "self_register".into()),
        ("ip", origin.ip.clone().into()),
        ("userAgent", user_agent.into()),
        ("termsAcceptedAt", to_wire(now).into()),
        ("socialCount", social_count.into()),
    ] {
        meta.insert(key.to_owned(), value);
    }
    meta
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn clients_cannot_forge_what_the_server_says() {
        let sent = json!({
            "campaign": "a\0b", "auditTrail": [{"action": "SHOP_ACTIVATED"}], "lastAuditAt": "x",
            "source": "x", "ip": "x", "userAgent": "x", "termsAcceptedAt": "x", "socialCount": 9,
        });
        let kept = from_client(sent.as_object());
        assert_eq!(Value::Object(kept), json!({"campaign": "ab"}));
        let origin = Origin {
            ip: Some("1.2.3.4".to_owned()),
            user_agent: Some("u".repeat(600)),
        };
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        let meta = of_registration(sent.as_object(), &origin, 2, now);
        assert_eq!(
            Value::Object(meta),
            json!({
                "campaign": "ab", "source": "self_register", "ip": "1.2.3.4", "userAgent": "u".repeat(512),
                "termsAcceptedAt": "2026-03-10T12:00:00.000Z", "socialCount": 2,
            })
        );
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let large = json!({"a": "x".repeat(4096)});
        assert!(from_client(large.as_object()).is_empty());
        let fits = json!({"a": "x".repeat(4000)});
        assert_eq!(from_client(fits.as_object()).len(), 1);
        assert!(from_client(None).is_empty());
    }
}
