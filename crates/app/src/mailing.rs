//! Mails. Whatever causes one writes an order into the outbox, in its own transaction; the relay writes the mail out, keeps
//! it in the order, and sends it.
//!
//! - **Links are asked for when the mail is sent**, not when it is ordered: no request waits for the identity provider or
//!   tells a stranger whether it knows an address, and a mail that waited through an outage leads somewhere.
//! - **What is sent is kept before it is sent**, under the claim of whoever sends it. A mail's key is its order's id, so
//!   whoever tries again, after whatever death, sends the same bytes under the same key and the provider knows them. A kept
//!   mail whose link is about to run out is written anew, under a key of its own: at worst somebody has a second mail, of
//!   which the first leads nowhere.
//! - **Trying again ends** before the provider forgets keys. What was refused for good, or could not be sent for so long, is
//!   set aside in the outbox for people to look at.
//!
//! Nothing of this logs an address or a link.

mod deliver;
mod order;

use avvivo_domain::identity::Email;
use avvivo_kernel::Timestamp;
use avvivo_ports::{IdentityError, MailError};
use avvivo_postgres::{
    DbError, Transaction,
    outbox::errands::{self, Errand, NewErrand},
};

use crate::{AppError, Deps};

pub(crate) use deliver::run as deliver;
pub(crate) use order::Letter;
use order::Order;

/// Mails that strangers may have waiting. At the pace of the slowest provider they are gone in less than two hours.
const MOST_WAITING: i64 = 10_000;

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It is sent after the commit.
    Queued,
    /// This installation sends no such mail.
    Skipped,
}

/// Orders a mail, to be sent once `tx` is committed. Where there is nobody to send it, says so and does nothing.
pub(crate) async fn post(
    deps: &Deps,
    tx: &mut Transaction,
    (to, letter): (&str, Letter),
    now: Timestamp,
) -> Result<Posted, DbError> {
    let name = letter.name();
    if must_be_sendable(deps, &letter).is_err() {
        tracing::info!(
            letter = name,
            "a mail is skipped: nobody is configured to send it"
        );
        return Ok(Posted::Skipped);
    }
    let errand = NewErrand {
        id: deps.event_id(),
        errand: Errand::Mail,
        about: name.to_owned(),
        payload: Order::new(to, letter).encoded(),
        traceparent: (deps.traceparent)(),
    };
    errands::push(tx, &errand, now).await?;
    Ok(Posted::Queued)
}

/// Refuses where a mail that has to be sent cannot be.
pub(crate) fn must_be_sendable(deps: &Deps, letter: &Letter) -> Result<(), AppError> {
    let outside = &deps.policy.outside;
    if !outside.mail {
        return Err(MailError::NotConfigured.into());
    }
    if letter.has_link() && !outside.people {
        return Err(IdentityError::NotConfigured.into());
    }
    Ok(())
}

/// Orders a mail for whoever asks, about whom nothing is said: neither the answer nor its time depends on the address.
pub(crate) async fn ask(deps: &Deps, to: &Email, letter: Letter) -> Result<(), AppError> {
    must_be_sendable(deps, &letter)?;
    let mut tx = deps.db.begin().await?;
    if errands::waiting(&mut tx, Errand::Mail, MOST_WAITING).await? >= MOST_WAITING {
        return Err(MailError::Unavailable {
            reason: "too many mails wait".to_owned(),
            retry_after: None,
        }
        .into());
    }
    post(deps, &mut tx, (to.as_str(), letter), deps.now()).await?;
    Ok(deps.commit(tx).await?)
}
