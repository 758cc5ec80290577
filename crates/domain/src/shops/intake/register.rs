//! The shop that comes of a registration, and whose it is.

use std::collections::BTreeSet;

use avvivo_kernel::{ShopId, Timestamp};

use super::{
    Draft, IntakeError,
    meta::{self, Origin},
    normal,
};
use crate::{
    audit::{Actor, AuditAction, AuditEntry, Occasion, SubjectKind},
    identity::{Account, AccountStatus, Caller, Email, Role, UserType},
    shops::{
        PlanTier, RegistrationSource, Shop, ShopStatus, Verification, Visibility,
        owner::{OwnerAccount, Ownership},
        plan::MAP_ONLY,
    },
};

/// Whom the database knows of the registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registrant<'a> {
    /// Somebody who is signed in and does not administer, with their account if it is still there.
    SignedIn(&'a Caller, Option<(&'a Account, OwnerAccount)>),
    /// Anybody else, administrators included, with the account that has the e-mail of the draft.
    ByEmail(Option<&'a Account>),
}

/// Which mail confirms a registration, after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmation {
    /// To who is signed in, at the address of their token.
    Registered {
        /// Where to.
        to: String,
        /// Whether the shop is open.
        opened: bool,
    },
    /// To the address of the draft, with a link to prove it and choose a key.
    Activate {
        /// Where to.
        to: Email,
    },
}

/// What only the moment knows.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Who sent it.
    pub actor: Actor,
    /// The shop's id.
    pub id: ShopId,
    /// Slugs that begin like the shop's.
    pub taken_slugs: &'a BTreeSet<String>,
    /// Where it comes from.
    pub origin: &'a Origin,
    /// When.
    pub now: Timestamp,
}

/// All that is written, and what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// The row; its owner is set when the account is known. It has no wallet yet.
    pub shop: Shop,
    /// Whose it becomes.
    pub ownership: Ownership,
    /// For the audit.
    pub entry: AuditEntry,
    /// For every administrator.
    pub notice: String,
    /// For the owner.
    pub confirmation: Confirmation,
}

/// Makes the shop of a draft that was checked.
pub fn register(
    draft: &Draft,
    registrant: Registrant<'_>,
    circumstances: Circumstances<'_>,
) -> Result<Registration, IntakeError> {
    let ownership = ownership(draft, registrant)?;
    let opens = matches!(
        ownership,
        Ownership::Given(OwnerAccount {
            role: Role::Store,
            ..
        })
    );
    let shop = shop(draft, &ownership, opens, circumstances);
    let confirmation = match registrant {
        Registrant::SignedIn(caller, _) => Confirmation::Registered {
            to: caller.email.clone(),
            opened: opens,
        },
        Registrant::ByEmail(_) => Confirmation::Activate {
            to: draft.contact.email.clone(),
        },
    };
    Ok(Registration {
        entry: AuditEntry::of_change(
            AuditAction::SelfRegistered,
            Occasion {
                actor: circumstances.actor,
                at: circumstances.now,
            },
            (SubjectKind::Shop, shop.id.as_uuid()),
            None,
            None::<&Shop>,
            Some(&shop),
        ),
        notice: format!("Nueva tienda registrada: {}.", shop.name),
        shop,
        ownership,
        confirmation,
    })
}

fn ownership(draft: &Draft, registrant: Registrant<'_>) -> Result<Ownership, IntakeError> {
    match registrant {
        Registrant::SignedIn(caller, account) => {
            let (account, owner) = account.ok_or(IntakeError::OwnerGone)?;
            may_own(account)?;
            // What the identity provider verified is the token's address; the draft's may be anybody's.
            let proven = caller.email_verified && caller.email == draft.contact.email.as_str();
            let (user_type, role) = if proven {
                (UserType::Shop, Role::Store)
            } else {
                (UserType::Client, Role::PendingStore)
            };
            Ok(Ownership::Given(OwnerAccount {
                user_type,
                role,
                ..owner
            }))
        }
        Registrant::ByEmail(Some(account)) => {
            may_own(account)?;
            if account.was_used() {
                // A buyer would sell from their next request on, and be suspended with a shop that is none of theirs.
                return Err(IntakeError::OwnerMustSignIn);
            }
            Ok(Ownership::Linked(account.id))
        }
        // A client who wants to sell.
        Registrant::ByEmail(None) => Ok(Ownership::New {
            email: draft.contact.email.as_str().to_owned(),
            sells_as: (UserType::Client, Role::PendingStore),
            status: AccountStatus::Active,
        }),
    }
}

fn may_own(account: &Account) -> Result<(), IntakeError> {
    if account.user_type == UserType::Admin {
        Err(IntakeError::OwnerAdministers)
    } else if account.shop.is_some() {
        Err(IntakeError::OwnerHasShop)
    } else {
        Ok(())
    }
}

fn shop(draft: &Draft, ownership: &Ownership, opens: bool, at: Circumstances<'_>) -> Shop {
    let (identity, address) = (&draft.identity, &draft.address);
    let display = address.display();
    let social_count = draft.social_handles.len();
    let base = normal::slug_base(&identity.name, at.id);
    let slug = normal::free_slug(&base, at.taken_slugs, at.now);
    let shop = Shop {
        owner: ownership.account(),
        logo_url: draft.logo_url.clone(),
        website: draft.website.clone(),
        razon_social: Some(identity.razon_social.clone()),
        cuit: Some(identity.cuit.clone()),
        address: Some(display.clone()),
        address_details: Some(address.details()),
        address_base: Some(address.base()),
        address_display: Some(display),
        normalized_address_base: Some(address.normalized()),
        gallery: address.gallery.clone(),
        plan: MAP_ONLY.to_owned(),
        plan_tier: PlanTier::None,
        status_reason: Some("Registro pendiente de revisión.".to_owned()),
        registration_source: RegistrationSource::SelfService,
        visibility: Visibility::Dimmed,
        contacts_public: false,
        contact_email_private: Some(draft.contact.email.as_str().to_owned()),
        contact_whatsapp_private: Some(draft.contact.whatsapp.clone()),
        intake_meta: Some(meta::of_registration(
            draft.intake_meta.as_ref(),
            at.origin,
            social_count,
            at.now,
        )),
        social_handles: draft.social_handles.clone(),
        ..Shop::bare(at.id, identity.name.clone(), slug, at.now)
    };
    if opens {
        Shop {
            status: ShopStatus::Active,
            verification: Verification::Verified,
            status_reason: None,
            ..shop
        }
    } else {
        shop
    }
}

#[cfg(test)]
mod tests;
