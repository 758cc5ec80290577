//! Which channel carries which audiences.

use avvivo_contracts::audience;
use avvivo_ports::BusError;

use super::refused;
use crate::keys;

/// The channels of one bus.
pub(super) struct Channels {
    prefix: String,
    name: String,
}

impl Channels {
    pub(super) fn new(prefix: &str, name: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The channel of an audience: that of its class.
    pub(super) fn of_audience(&self, audience: &str) -> String {
        keys::key(&self.prefix, &self.name, audience::class(audience))
    }

    /// The channel of a class of audiences.
    pub(super) fn of_class(&self, class: &str) -> Result<String, BusError> {
        let is_word = !class.is_empty()
            && class
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if is_word {
            Ok(keys::key(&self.prefix, &self.name, class))
        } else {
            Err(refused(format!("{class:?} is no class of audiences")))
        }
    }

    /// All of them.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = literal(&keys::key(&self.prefix, &self.name, ""));
        pattern.push('*');
        pattern
    }
}

/// A name in a pattern, where some characters would stand for others.
fn literal(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_channel_and_the_pattern_is_all_of_them() {
        let channels = Channels::new("avvivo", "chat:events");
        assert_eq!(channels.of_audience("shop:7"), "avvivo:chat:events:shop");
        assert_eq!(
            channels.of_class("public").unwrap(),
            "avvivo:chat:events:public"
        );
        assert_eq!(channels.pattern(), "avvivo:chat:events:*");
        assert_eq!(Channels::new("", "a[1]*").pattern(), "a\\[1\\]\\*:*");
    }

    #[test]
    fn what_is_no_class_has_no_channel() {
        let channels = Channels::new("avvivo", "chat:events");
        for class in ["", "*", "shop:7", "Shop"] {
            assert!(channels.of_class(class).is_err(), "{class}");
        }
    }
}
