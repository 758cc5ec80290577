//! E-mail addresses.

use std::fmt;

use avvivo_kernel::{ErrorKind, Fault};
use serde_json::Value;

use super::Role;
use crate::text;

/// The longest address that can be written to (RFC 5321).
const MAX_EMAIL_CHARS: usize = 254;

/// An address that looks like one: trimmed, lower-cased, text@text.text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads what somebody typed.
    pub fn parse(typed: &str) -> Option<Self> {
        let email = text::clean(typed).to_lowercase();
        let (local, host) = email.split_once('@')?;
        let labels = host.split('.').collect::<Vec<_>>();
        let fits = !local.is_empty()
            && !email.contains(char::is_whitespace)
            && !host.contains('@')
            && labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && !text::is_longer(&email, MAX_EMAIL_CHARS);
        fits.then_some(Self(email))
    }

    /// Reads a field of a request.
    pub fn read(value: Option<&Value>) -> Result<Self, EmailError> {
        value
            .and_then(Value::as_str)
            .and_then(Self::parse)
            .ok_or(EmailError::Invalid)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, for storage.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// It is none.
    #[error("not an e-mail address")]
    Invalid,
}

impl Fault for EmailError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "email.invalid",
        }
    }

    fn public_message(&self) -> String {
        match self {
            Self::Invalid => "Ingresá un email válido.",
        }
        .to_owned()
    }
}

/// Which mail asks somebody to prove an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerificationMail {
    /// The one for buyers.
    Buyer,
    /// The one for shops, with the shop's name.
    Store {
        /// As it is shown.
        shop_name: String,
    },
}

impl VerificationMail {
    /// For an address that `shop_name`'s shop uses, if any does, and whose account has `role`, if there is one.
    pub fn choose(shop_name: Option<&str>, role: Option<Role>) -> Self {
        match (shop_name, role) {
            (Some(name), _) => Self::Store {
                shop_name: name.to_owned(),
            },
            (None, Some(Role::PendingStore | Role::Store)) => Self::Store {
                shop_name: "Tu tienda".to_owned(),
            },
            (None, _) => Self::Buyer,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_are_trimmed_lower_cased_and_checked() {
        for (typed, read) in [
            (" Ventas@LunaAzul.com.ar ", Some("ventas@lunaazul.com.ar")),
            ("a@b.c", Some("a@b.c")),
            ("\u{200b}a@b.c", Some("a@b.c")),
            ("a@b", None),
            ("@b.c", None),
            ("a@.c", None),
            ("a@b.", None),
            ("a@b..c", None),
            ("a@b@c.d", None),
            ("a b@c.d", None),
            ("", None),
        ] {
            assert_eq!(
                Email::parse(typed).as_ref().map(Email::as_str),
                read,
                "{typed:?}"
            );
        }
        let long = |n| format!("{}@b.co", "a".repeat(n));
        assert!(Email::parse(&long(250)).is_none());
        assert!(Email::parse(&long(249)).is_some());
    }

    #[test]
    fn only_text_is_an_address() {
        assert_eq!(Email::read(None), Err(EmailError::Invalid));
        assert_eq!(
            Email::read(Some(&json!(["a@b.c"]))),
            Err(EmailError::Invalid)
        );
        assert!(Email::read(Some(&json!("a@b.c"))).is_ok());
    }

    #[test]
    fn shops_are_asked_as_shops() {
        let store = |name: &str| VerificationMail::Store {
            shop_name: name.to_owned(),
        };
        for (shop, role, mail) in [
            (Some("Luna"), None, store("Luna")),
            (Some("Luna"), Some(Role::User), store("Luna")),
            (None, Some(Role::PendingStore), store("Tu tienda")),
            (None, Some(Role::Store), store("Tu tienda")),
            (None, Some(Role::User), VerificationMail::Buyer),
            (None, None, VerificationMail::Buyer),
        ] {
            assert_eq!(VerificationMail::choose(shop, role), mail);
        }
    }

    proptest! {
        #[test]
        fn reading_is_stable(typed in "\\PC{0,20}@\\PC{0,10}\\.\\PC{0,5}") {
            if let Some(email) = Email::parse(&typed) {
                prop_assert_eq!(Email::parse(email.as_str()), Some(email));
            }
        }
    }
}
