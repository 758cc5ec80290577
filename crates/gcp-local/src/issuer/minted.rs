//! Tokens of service accounts minted a moment ago.
//!
//! A queue sends many tasks in the name of one account to one audience. An RSA signature for each
//! would be most of what a dispatch costs, so a token is used again for a while, as Google's own
//! services do.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// How long a token is handed out again: of its hour, most is left for whoever receives it.
const REUSE: TimeDelta = TimeDelta::minutes(5);
/// Pairs of account and audience remembered at once. Beyond it all are forgotten, which costs a
/// signature each.
const MAX_TOKENS: usize = 256;

/// Recent tokens by account and audience.
#[derive(Debug, Default)]
pub(super) struct Minted {
    tokens: HashMap<(String, String), (DateTime<Utc>, String)>,
}

impl Minted {
    /// A token that is still young.
    pub(super) fn get(&self, account: &str, audience: &str, now: DateTime<Utc>) -> Option<String> {
        let key = (account.to_owned(), audience.to_owned());
        let (minted, token) = self.tokens.get(&key)?;
        (*minted <= now && now < *minted + REUSE).then(|| token.clone())
    }

    /// Remembers a token.
    pub(super) fn put(&mut self, account: &str, audience: &str, now: DateTime<Utc>, token: &str) {
        if self.tokens.len() >= MAX_TOKENS {
            self.tokens.clear();
        }
        let key = (account.to_owned(), audience.to_owned());
        self.tokens.insert(key, (now, token.to_owned()));
    }

    /// Forgets every token: another key signs now.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_again_for_its_account_and_audience_while_it_is_young() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let mut minted = Minted::default();
        minted.put("a", "x", start, "token");
        assert_eq!(minted.get("a", "x", start).as_deref(), Some("token"));
        assert_eq!(minted.get("a", "y", start), None);
        assert_eq!(minted.get("b", "x", start), None);
        assert_eq!(minted.get("a", "x", start + REUSE), None);
        minted.clear();
        assert_eq!(minted.get("a", "x", start), None);
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let mut minted = Minted::default();
        for audience in 0..1_000 {
            minted.put("a", &audience.to_string(), start, "token");
            assert!(minted.tokens.len() <= MAX_TOKENS);
        }
    }
}
