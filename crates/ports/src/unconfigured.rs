//! What stands where an installation has no provider: says so, and does nothing.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{IdentityAdmin, IdentityError, IdentityUser, Mail, MailError, MailId, Mailer};

/// Refuses everything with `NotConfigured`, so that who calls decides whether that matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unconfigured;

#[async_trait]
impl Mailer for Unconfigured {
    async fn send(&self, _: &Mail) -> Result<MailId, MailError> {
        Err(MailError::NotConfigured)
    }
}

#[async_trait]
impl IdentityAdmin for Unconfigured {
    async fn find_by_email(&self, _: &str) -> Result<Option<IdentityUser>, IdentityError> {
        Err(IdentityError::NotConfigured)
    }

    async fn ensure_user(
        &self,
        _: &str,
        _: Option<&SecretString>,
    ) -> Result<IdentityUser, IdentityError> {
        Err(IdentityError::NotConfigured)
    }

    async fn password_reset_link(&self, _: &str, _: &str) -> Result<SecretString, IdentityError> {
        Err(IdentityError::NotConfigured)
    }

    async fn verification_link(
        &self,
        _: &str,
        _: Option<&str>,
    ) -> Result<SecretString, IdentityError> {
        Err(IdentityError::NotConfigured)
    }
}
