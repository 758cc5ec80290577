//! A mailer that keeps what it was given.

use std::sync::Mutex;

use async_trait::async_trait;

use super::{held, take_failure};
use crate::{Mail, MailError, MailId, Mailer};

/// A mailer that remembers its mails by their keys, as a provider does.
#[derive(Debug, Default)]
pub struct FakeMailer {
    mails: Mutex<Vec<Mail>>,
    failures: Mutex<u32>,
}

impl FakeMailer {
    /// Makes the next `times` calls fail as if the provider were away.
    pub fn fail_next(&self, times: u32) {
        *held(&self.failures) = times;
    }

    /// Every mail taken so far, in order.
    pub fn mails(&self) -> Vec<Mail> {
        held(&self.mails).clone()
    }
}

#[async_trait]
impl Mailer for FakeMailer {
    async fn send(&self, mail: &Mail) -> Result<MailId, MailError> {
        if take_failure(&self.failures) {
            return Err(MailError::Unavailable {
                reason: "told to fail".to_owned(),
                retry_after: None,
            });
        }
        let mut mails = held(&self.mails);
        let known = mails
            .iter()
            .find(|known| known.idempotency_key == mail.idempotency_key);
        match known {
            Some(known) if known != mail => {
                return Err(MailError::Refused {
                    reason: "another mail under the same key".to_owned(),
                });
            }
            Some(_) => {}
            None => mails.push(mail.clone()),
        }
        Ok(MailId(format!("fake-{}", mail.idempotency_key)))
    }
}
