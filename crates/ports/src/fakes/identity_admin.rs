//! An identity provider in memory.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::{held, take_failure};
use crate::{IdentityAdmin, IdentityError, IdentityUser};

/// People by address, and every link that was made.
#[derive(Debug, Default)]
pub struct FakeIdentityAdmin {
    users: Mutex<BTreeMap<String, IdentityUser>>,
    links: Mutex<Vec<String>>,
    failures: Mutex<u32>,
}

impl FakeIdentityAdmin {
    /// Adds or replaces a person.
    pub fn put(&self, user: IdentityUser) {
        held(&self.users).insert(user.email.clone(), user);
    }

    /// Makes the next `times` calls fail as if the provider were away.
    pub fn fail_next(&self, times: u32) {
        *held(&self.failures) = times;
    }

    /// Every person, by address.
    pub fn users(&self) -> Vec<IdentityUser> {
        held(&self.users).values().cloned().collect()
    }

    /// Every link made so far, in order.
    pub fn links(&self) -> Vec<String> {
        held(&self.links).clone()
    }

    fn answer(&self) -> Result<(), IdentityError> {
        if take_failure(&self.failures) {
            return Err(IdentityError::Unavailable {
                reason: "told to fail".to_owned(),
                retry_after: None,
            });
        }
        Ok(())
    }

    fn link(
        &self,
        mode: &str,
        email: &str,
        continue_url: Option<&str>,
    ) -> Result<SecretString, IdentityError> {
        self.answer()?;
        if !held(&self.users).contains_key(email) {
            return Err(IdentityError::UnknownUser);
        }
        let mut links = held(&self.links);
        let code = links.len() + 1;
        let mut link = format!("https://identity.test/action?mode={mode}&oobCode=code-{code}");
        if let Some(url) = continue_url {
            link.push_str("&continueUrl=");
            link.push_str(url);
        }
        links.push(link.clone());
        Ok(link.into())
    }
}

#[async_trait]
impl IdentityAdmin for FakeIdentityAdmin {
    async fn find_by_email(&self, email: &str) -> Result<Option<IdentityUser>, IdentityError> {
        self.answer()?;
        Ok(held(&self.users).get(email).cloned())
    }

    async fn ensure_user(
        &self,
        email: &str,
        password: Option<&SecretString>,
    ) -> Result<IdentityUser, IdentityError> {
        self.answer()?;
        // The rule that every provider of ours has.
        if password.is_some_and(|password| password.expose_secret().len() < 6) {
            return Err(IdentityError::Refused {
                reason: "WEAK_PASSWORD".to_owned(),
            });
        }
        let mut users = held(&self.users);
        let uid = format!("uid-{}", users.len() + 1);
        let user = users
            .entry(email.to_owned())
            .or_insert_with(|| IdentityUser {
                uid,
                email: email.to_owned(),
                email_verified: false,
                disabled: false,
            });
        Ok(user.clone())
    }

    async fn password_reset_link(
        &self,
        email: &str,
        continue_url: &str,
    ) -> Result<SecretString, IdentityError> {
        self.link("resetPassword", email, Some(continue_url))
    }

    async fn verification_link(
        &self,
        email: &str,
        continue_url: Option<&str>,
    ) -> Result<SecretString, IdentityError> {
        self.link("verifyEmail", email, continue_url)
    }
}
