//! Buyers: what they tell of themselves, and what they are reminded of.

mod error;
pub mod profile;
pub mod reminder;

use avvivo_kernel::{AccountId, Timestamp};
use chrono::NaiveDate;

pub use error::ClientError;
pub use profile::{Greeting, ProfilePatch};

/// What is kept of a buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Their account.
    pub account_id: AccountId,
    /// As they want to be called.
    pub display_name: Option<String>,
    /// Lower case, without `@`, nobody else's.
    pub username: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
    /// Digits, perhaps after a `+`.
    pub phone: Option<String>,
    /// Where they live.
    pub city: Option<String>,
    /// Where they live.
    pub province: Option<String>,
    /// Without `@`.
    pub instagram_handle: Option<String>,
    /// When they accepted the terms.
    pub terms_accepted_at: Option<Timestamp>,
    /// When they were born.
    pub birth_date: Option<NaiveDate>,
    /// What they like, lower case, each once.
    pub style_tags: Vec<String>,
    /// Whether they want to hear of offers.
    pub marketing_opt_in: bool,
    /// When the profile became complete; none while it is not.
    pub profile_completed_at: Option<Timestamp>,
    /// When they were last here.
    pub last_seen_at: Option<Timestamp>,
    /// When the profile began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How much of a profile is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Whether all that is required is there.
    pub is_complete: bool,
    /// From 0 to 100, in steps of 20.
    pub percent: u8,
    /// What is missing of the required, in the words people read.
    pub missing_required: Vec<&'static str>,
}

impl Client {
    /// How much of the profile is there: five checks of equal weight, three of them required.
    pub fn completion(&self) -> Completion {
        let required = [
            ("Nombre", self.display_name.is_some()),
            ("Usuario", self.username.is_some()),
            // Clients may compare these, so it is spelled as they know it.
            ("Terminos", self.terms_accepted_at.is_some()),
        ];
        let optional = [self.avatar_url.is_some(), self.instagram_handle.is_some()];
        let there = required.iter().map(|(_, there)| *there).chain(optional);
        let missing_required: Vec<_> = required
            .iter()
            .filter(|(_, there)| !there)
            .map(|(label, _)| *label)
            .collect();
        Completion {
            is_complete: missing_required.is_empty(),
            percent: there.map(|there| if there { 20 } else { 0 }).sum(),
            missing_required,
        }
    }

    /// After a change at `now`: seen, and complete since the first time that it was.
    fn settled(mut self, now: Timestamp) -> Self {
        self.profile_completed_at = if self.completion().is_complete {
            self.profile_completed_at.or(Some(now))
        } else {
            None
        };
        self.last_seen_at = Some(now);
        self.updated_at = now;
        self
    }
}
