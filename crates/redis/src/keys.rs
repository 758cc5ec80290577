//! Names of keys and channels.

use sha2::{Digest, Sha256};

/// Longest part taken from outside as it is. Longer ones (somebody sends a megabyte as e-mail address) are named by
/// their digest, so that neither Redis nor our memory stores them.
const LONGEST_PART_BYTES: usize = 200;

/// `<prefix>:<namespace>:<part>`, or without the prefix when that is empty.
pub(crate) fn key(prefix: &str, namespace: &str, part: &str) -> String {
    let part = short(part);
    if prefix.is_empty() {
        return format!("{namespace}:{part}");
    }
    format!("{prefix}:{namespace}:{part}")
}

fn short(part: &str) -> String {
    if part.len() <= LONGEST_PART_BYTES {
        return part.to_owned();
    }
    format!("sha256-{}", hex::encode(Sha256::digest(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_the_replaced_system_named_them() {
        assert_eq!(
            key("avvivo", "rate-limit", "203.0.113.9"),
            "avvivo:rate-limit:203.0.113.9"
        );
        assert_eq!(key("", "self-register-ip", "::1"), "self-register-ip:::1");
    }

    #[test]
    fn a_huge_part_becomes_a_short_name_of_its_own() {
        let (a, b) = ("a".repeat(1_000_000), "a".repeat(1_000_001));
        assert!(key("p", "n", &a).len() < 100);
        assert_ne!(key("p", "n", &a), key("p", "n", &b));
    }
}
