//! What is stored of a mail until it is sent.

use avvivo_kernel::{ShopId, Timestamp};
use avvivo_mail::Standing;
use avvivo_ports::Mail;
use serde::{Deserialize, Serialize};

/// A mail of the catalogue, before it is written out. It cannot be printed: one carries a link.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "kebab-case")]
pub(crate) enum Letter {
    /// To who finished onboarding as a buyer.
    Welcome,
    /// To who wants to prove their address. Whether as a buyer or as a shop is found out when it is sent.
    ProveAddress,
    /// To who forgot their password.
    RecoverPassword,
    /// To who registered a shop while signed in.
    ShopRegistered {
        /// Its name.
        shop: String,
        /// Which one.
        id: ShopId,
        /// Whether it is open.
        opened: bool,
    },
    /// To the address of a shop that a stranger registered.
    ActivateShop {
        /// Its name.
        shop: String,
    },
    /// To the owner of a shop that an administrator made.
    ShopInvite,
    /// To the owner of a shop whose password an administrator resets.
    ResetShopPassword {
        /// The link that the administrator was given, too.
        link: String,
    },
}

impl Letter {
    /// A stable word, for people who look and for metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::ProveAddress => "prove-address",
            Self::RecoverPassword => "recover-password",
            Self::ShopRegistered { .. } => "shop-registered",
            Self::ActivateShop { .. } => "activate-shop",
            Self::ShopInvite => "shop-invite",
            Self::ResetShopPassword { .. } => "reset-shop-password",
        }
    }

    /// Whether it carries a link of the identity provider, which lets its holder in and is good for a while only.
    pub(crate) fn has_link(&self) -> bool {
        !matches!(self, Self::Welcome | Self::ShopRegistered { .. })
    }

    /// Whether anybody may have caused it, for any address.
    pub(crate) fn is_a_strangers(&self) -> bool {
        matches!(self, Self::ProveAddress | Self::RecoverPassword)
    }

    pub(super) fn standing(opened: bool) -> Standing {
        // Without a plan, as all are that register themselves.
        if opened {
            Standing::MapOnly
        } else {
            Standing::PendingReview
        }
    }
}

/// What an errand's row says.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(super) to: String,
    #[serde(flatten)]
    pub(super) letter: Letter,
    /// As it goes out, once somebody has begun to send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Kept>,
}

/// A mail that may have been sent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// When it was written out.
    pub(super) at: Timestamp,
    /// Which writing it is; the first is 1.
    pub(super) edition: u32,
    /// What it says.
    pub(super) subject: String,
    pub(super) html: String,
    pub(super) text: String,
    /// What makes it this mail.
    pub(super) key: String,
    /// Its kind, in the provider's statistics.
    pub(super) template: String,
}

impl Order {
    pub(super) fn new(to: &str, letter: Letter) -> Self {
        Self {
            to: to.to_owned(),
            letter,
            kept: None,
        }
    }

    pub(super) fn encoded(&self) -> Vec<u8> {
        // Strings, numbers and times: there is nothing in it that JSON does not have.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }

    /// The mail as it is sent.
    pub(super) fn mail(&self, kept: &Kept) -> Mail {
        Mail {
            to: self.to.clone(),
            subject: kept.subject.clone(),
            html: kept.html.clone(),
            text: kept.text.clone(),
            reply_to: None,
            idempotency_key: kept.key.clone(),
            tags: vec![avvivo_ports::MailTag {
                name: "template",
                value: kept.template.clone(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let letter = Letter::ShopRegistered {
            shop: "Luna".to_owned(),
            id: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            opened: true,
        };
        let written = Order::new("ana@example.com", letter.clone()).encoded();
        let value: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(
            value,
            json!({
                "to": "ana@example.com", "letter": "shop-registered", "shop": "Luna",
                "id": "018f0000-0000-7000-8000-000000000001", "opened": true,
            })
        );
        let read = Order::decode(&written).unwrap();
        assert!((read.to.as_str(), read.letter) == ("ana@example.com", letter));
        assert!(read.kept.is_none() && Order::decode(b"{}").is_none());
    }
}
