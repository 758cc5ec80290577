//! Sending one mail that was ordered.

use avvivo_domain::identity::VerificationMail;
use avvivo_kernel::Timestamp;
use avvivo_mail::Rendered;
use avvivo_ports::{IdentityError, MailError, Mailer};
use avvivo_postgres::{
    outbox::{Pending, errands},
    shops::addressees,
};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};

use super::order::{Kept, Letter, Order};
use crate::{
    Deps,
    outbox::{NotTaken, Ran},
};

/// Providers remember a key for a day, and nothing is sent under one that may be forgotten.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(23);
/// A link that sets a password is good for an hour; who reads their mail at once still has some of it.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(50);

/// Sends the mail of a claimed row.
pub(crate) async fn run(deps: &Deps, mailer: &dyn Mailer, row: &Pending) -> Result<Ran, NotTaken> {
    let now = deps.now();
    let order = Order::decode(&row.payload).ok_or(NotTaken::never("not an order"))?;
    if now - row.created_at > GIVE_UP_AFTER {
        return Err(NotTaken::never("it could not be sent for a day"));
    }
    let kept = match &order.kept {
        Some(kept) if !is_stale(&order.letter, kept, now) => kept.clone(),
        before => {
            let edition = before.as_ref().map_or(1, |kept| kept.edition + 1);
            let Some(kept) = write_out(deps, row, &order, (edition, now)).await? else {
                tracing::debug!(outbox.id = %row.id, "nobody is written to");
                return Ok(Ran::Done);
            };
            if !keep(deps, row, &order, &kept).await? {
                // Somebody else has it by now, and sends what they have kept.
                return Ok(Ran::Lost);
            }
            kept
        }
    };
    mailer.send(&order.mail(&kept)).await.map_err(not_sent)?;
    Ok(Ran::Done)
}

fn is_stale(letter: &Letter, kept: &Kept, now: Timestamp) -> bool {
    letter.has_link() && now - kept.at > LINK_LIFE
}

async fn keep(deps: &Deps, row: &Pending, order: &Order, kept: &Kept) -> Result<bool, NotTaken> {
    let payload = Order {
        kept: Some(kept.clone()),
        ..order.clone()
    }
    .encoded();
    let mut conn = deps.db.acquire().await?;
    Ok(errands::rewrite(&mut conn, row.id, row.attempts, &payload).await?)
}

/// The mail as it goes out; none when there is nobody to write to.
async fn write_out(
    deps: &Deps,
    row: &Pending,
    order: &Order,
    (edition, at): (u32, Timestamp),
) -> Result<Option<Kept>, NotTaken> {
    let link = match link(deps, order, edition).await {
        Ok(link) => link,
        Err(IdentityError::UnknownUser | IdentityError::Refused { .. })
            if order.letter.is_a_strangers() =>
        {
            return Ok(None);
        }
        Err(error) => return Err(no_link(error)),
    };
    let link = link.as_ref().map_or("", |link| link.expose_secret());
    let (rendered, template) = render(deps, order, link).await?;
    let key = match edition {
        1 => row.id.to_string(),
        later => format!("{}.{later}", row.id),
    };
    Ok(Some(Kept {
        at,
        edition,
        subject: rendered.subject,
        html: rendered.html,
        text: rendered.text,
        key,
        template: template.to_owned(),
    }))
}

/// The link that the identity provider gives for this mail.
async fn link(
    deps: &Deps,
    Order { to, letter, .. }: &Order,
    edition: u32,
) -> Result<Option<SecretString>, IdentityError> {
    let people = &deps.people;
    let reset = async |intent: &str| {
        let next = deps.policy.outside.reset_url(intent);
        people.password_reset_link(to, &next).await.map(Some)
    };
    match letter {
        Letter::Welcome | Letter::ShopRegistered { .. } => Ok(None),
        Letter::ProveAddress => people.verification_link(to, None).await.map(Some),
        Letter::RecoverPassword => reset("forgot_password").await,
        Letter::ActivateShop { .. } => {
            people.ensure_user(to, None).await?;
            reset("self_register").await
        }
        Letter::ShopInvite => {
            people.ensure_user(to, None).await?;
            reset("shop_invite").await
        }
        Letter::ResetShopPassword { link } if edition == 1 => Ok(Some(link.as_str().into())),
        Letter::ResetShopPassword { .. } => reset("shop_reset").await,
    }
}

/// What it says, and which of the catalogue it is.
async fn render(
    deps: &Deps,
    Order { to, letter, .. }: &Order,
    link: &str,
) -> Result<(Rendered, &'static str), NotTaken> {
    let app_url = deps.policy.outside.app_url.as_str();
    let proof;
    let shop_url;
    let written = match letter {
        Letter::Welcome => avvivo_mail::Letter::Welcome,
        Letter::ProveAddress => {
            proof = proof_for(deps, to).await?;
            match &proof {
                Proof::Buyer => avvivo_mail::Letter::ConfirmAccount { link },
                Proof::Shop(name) => avvivo_mail::Letter::ActivateShop {
                    shop: name.as_deref(),
                    link,
                },
            }
        }
        Letter::RecoverPassword => avvivo_mail::Letter::RecoverPassword { link },
        Letter::ShopRegistered { shop, id, opened } => {
            shop_url = format!("{app_url}/tiendas/{id}");
            avvivo_mail::Letter::ShopRegistered {
                shop,
                shop_url: &shop_url,
                standing: Letter::standing(*opened),
            }
        }
        Letter::ActivateShop { shop } => avvivo_mail::Letter::ActivateShop {
            shop: Some(shop),
            link,
        },
        Letter::ShopInvite => avvivo_mail::Letter::ShopInvite { link },
        Letter::ResetShopPassword { .. } => avvivo_mail::Letter::ResetShopPassword { link },
    };
    Ok((written.render(app_url)?, written.name()))
}

/// As what somebody proves their address.
enum Proof {
    Buyer,
    /// With the name that it has.
    Shop(Option<String>),
}

async fn proof_for(deps: &Deps, email: &str) -> Result<Proof, NotTaken> {
    let mut conn = deps.db.acquire().await?;
    let known = addressees::find(&mut conn, email).await?;
    Ok(
        match VerificationMail::choose(known.shop.as_deref(), known.role) {
            VerificationMail::Buyer => Proof::Buyer,
            VerificationMail::Store { .. } => Proof::Shop(known.shop),
        },
    )
}

fn not_sent(error: MailError) -> NotTaken {
    let wait = match &error {
        MailError::Unavailable { retry_after, .. } => *retry_after,
        _ => None,
    };
    NotTaken::from(error).not_before(wait)
}

fn no_link(error: IdentityError) -> NotTaken {
    match error {
        // Another service of this installation may have one.
        IdentityError::NotConfigured => NotTaken::later(error.to_string()),
        IdentityError::Unavailable { retry_after, .. } => {
            NotTaken::from(error).not_before(retry_after)
        }
        other => NotTaken::from(other),
    }
}
