//! Changing a shop's data: who may write what.

use avvivo_kernel::{AccountId, Timestamp, time::from_wire};
use serde_json::{Map, Value};

use super::{
    Plan, RegistrationSource, Shop, ShopError, ShopStatus, SocialHandle, Verification, Visibility,
    WhatsappLine, contacts, create, details,
    intake::{meta, normalized_details},
    transitions::change_plan,
};
use crate::{
    fields::{Change, FieldError, Fields},
    identity::Email,
    text::{self, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_TAG_CHARS},
};

/// Who changes a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editor {
    /// Who owns it. What they may not write is left out without a word: their page sends it along.
    Owner,
    /// An administrator.
    Admin,
}

/// What a request changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShopPatch {
    cuit: Change<String>,
    /// Lower case; checked once it is known what was there before.
    email: Change<String>,
    address: Change<String>,
    logo_url: Change<String>,
    cover_url: Change<String>,
    website: Change<String>,
    address_details: Change<Map<String, Value>>,
    payment_methods: Change<Vec<String>>,
    minimum_purchase: Change<u32>,
    social_handles: Change<Vec<SocialHandle>>,
    whatsapp_lines: Change<Vec<WhatsappLine>>,
    admin: AdminPatch,
}

/// What only administrators change.
#[derive(Debug, Clone, PartialEq, Default)]
struct AdminPatch {
    name: Change<String>,
    razon_social: Change<String>,
    status: Change<ShopStatus>,
    status_reason: Change<String>,
    suspended_until: Change<Timestamp>,
    suspended_by: Change<AccountId>,
    suspended_reason: Change<String>,
    plan: Option<String>,
    registration_source: Change<RegistrationSource>,
    visibility: Change<Visibility>,
    verification: Change<Verification>,
    contacts_public: Change<bool>,
    contact_email_private: Change<Email>,
    contact_whatsapp_private: Change<String>,
    is_gallery: Change<bool>,
    gallery_name: Change<String>,
    gallery_local: Change<String>,
    gallery_floor: Change<String>,
    address_base: Change<String>,
    address_display: Change<String>,
    intake_meta: Change<Map<String, Value>>,
    stream_quota: Change<u32>,
    reel_quota: Change<u32>,
}

/// A shop after a change, and what has to follow it in the same transaction. That an e-mail or a name is somebody else's is
/// for the database's constraints to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The row.
    pub shop: Shop,
    /// Whether the owner's account follows: see [`super::owner::sync`].
    pub sync_owner: bool,
    /// The plan that the wallet follows, when one was sent: see [`crate::quota::Wallet::under`].
    pub wallet_plan: Option<Plan>,
}

impl ShopPatch {
    /// Reads a request. Keys that are not there stay.
    pub fn read(body: &Map<String, Value>, editor: Editor) -> Result<Self, ShopError> {
        let fields = Fields::of(body);
        Ok(Self {
            cuit: create::cuit(fields)?,
            email: fields
                .text("email", MAX_NOTE_CHARS)?
                .map(|typed| typed.to_lowercase()),
            address: fields.text("address", MAX_NOTE_CHARS)?,
            logo_url: fields.url("logoUrl")?,
            cover_url: fields.url("coverUrl")?,
            website: contacts::website(fields, create::catalog(fields).as_deref())?,
            address_details: details::read(fields, editor)?,
            payment_methods: create::payment_methods(fields)?,
            minimum_purchase: fields.count("minimumPurchase")?,
            social_handles: contacts::social_handles(fields)?,
            whatsapp_lines: contacts::whatsapp_lines(fields)?,
            admin: match editor {
                Editor::Owner => AdminPatch::default(),
                Editor::Admin => AdminPatch::read(fields)?,
            },
        })
    }

    /// The shop after the change; refused when its address or its notes would outgrow their bounds.
    pub fn apply(self, shop: &Shop, now: Timestamp) -> Result<Edited, ShopError> {
        let admin = self.admin;
        let (status_given, plan) = (admin.status.is_sent(), admin.plan.clone());
        let visibility_given = admin.visibility.is_sent();
        let current = shop.clone();
        let (address_details, normalized_address_base) = match self.address_details {
            // Clients know only some of the keys, so none of them empties the object.
            Change::Keep | Change::Clear => {
                (current.address_details, current.normalized_address_base)
            }
            Change::Set(sent) => {
                let merged = details::merge(details::FIELD, current.address_details, sent)?;
                let normalized = normalized_details(&merged);
                (Some(merged), normalized.or(current.normalized_address_base))
            }
        };
        let edited = Shop {
            cuit: self.cuit.over(current.cuit),
            email: email(self.email, current.email.as_deref())?.over(current.email),
            address: self.address.over(current.address),
            logo_url: self.logo_url.over(current.logo_url),
            cover_url: self.cover_url.over(current.cover_url),
            website: self.website.over(current.website),
            normalized_address_base,
            address_details,
            payment_methods: self.payment_methods.or_empty(current.payment_methods),
            minimum_purchase: self.minimum_purchase.or_empty(current.minimum_purchase),
            social_handles: self.social_handles.or_empty(current.social_handles),
            whatsapp_lines: self.whatsapp_lines.or_empty(current.whatsapp_lines),
            updated_at: now,
            ..shop.clone()
        };
        let edited = admin.apply(edited, now)?;
        let shop = match &plan {
            Some(plan) => change_plan(&edited, plan, visibility_given),
            None => edited,
        };
        Ok(Edited {
            sync_owner: status_given,
            wallet_plan: plan.map(|_| Plan::read(&shop.plan)),
            shop,
        })
    }
}

impl AdminPatch {
    fn read(fields: Fields<'_>) -> Result<Self, ShopError> {
        let text = |field| fields.text(field, MAX_NAME_CHARS);
        let note = |field| fields.text(field, MAX_NOTE_CHARS);
        let unit = |field| fields.text(field, MAX_TAG_CHARS);
        let name = text("name")?;
        if name == Change::Clear {
            return Err(FieldError::Missing { field: "name" }.into());
        }
        Ok(Self {
            name,
            razon_social: text("razonSocial")?,
            status: status(fields),
            status_reason: note("statusReason")?,
            suspended_until: moment(fields, "agendaSuspendedUntil")?,
            suspended_by: text("agendaSuspendedByAdminId")?.try_map(|id| {
                let wrong = FieldError::Wrong {
                    field: "agendaSuspendedByAdminId",
                };
                id.parse().map_err(|_| wrong)
            })?,
            suspended_reason: note("agendaSuspendedReason")?,
            plan: match text("plan")? {
                Change::Keep => None,
                Change::Clear => Some(String::new()),
                Change::Set(plan) => Some(plan),
            },
            registration_source: word(fields, "registrationSource", RegistrationSource::parse)?,
            visibility: word(fields, "visibilityState", Visibility::parse)?,
            verification: word(fields, "verificationState", Verification::parse)?,
            contacts_public: fields.flag("contactsPublic")?,
            contact_email_private: note("contactEmailPrivate")?
                .try_map(|typed| Email::parse(&typed).ok_or(ShopError::InvalidEmail))?,
            contact_whatsapp_private: text("contactWhatsappPrivate")?
                .try_map(|typed| contacts::international(&typed).ok_or(ShopError::Whatsapp))?,
            is_gallery: fields.flag("isGallery")?,
            gallery_name: text("galleryName")?,
            gallery_local: unit("galleryLocal")?.map(|local| local.to_uppercase()),
            gallery_floor: unit("galleryFloor")?,
            address_base: note("addressBase")?,
            address_display: note("addressDisplay")?,
            intake_meta: fields
                .object("intakeMeta")?
                .map(|sent| meta::from_client(Some(sent))),
            stream_quota: fields.count("streamQuota")?,
            reel_quota: fields.count("reelQuota")?,
        })
    }

    fn apply(self, shop: Shop, now: Timestamp) -> Result<Shop, FieldError> {
        let normalized_name = match &self.name {
            Change::Set(name) => Some(text::match_form(name)),
            Change::Keep | Change::Clear => shop.normalized_name.clone(),
        };
        let suspension = super::Suspension {
            until: self.suspended_until.over(shop.suspension.until),
            by: self.suspended_by.over(shop.suspension.by),
            reason: self.suspended_reason.over(shop.suspension.reason.clone()),
        };
        let gallery = super::Gallery {
            declared: self.is_gallery.or_empty(shop.gallery.declared),
            name: self.gallery_name.over(shop.gallery.name.clone()),
            local: self.gallery_local.over(shop.gallery.local.clone()),
            floor: self.gallery_floor.over(shop.gallery.floor.clone()),
        };
        Ok(Shop {
            status_changed_at: if self.status.is_sent() {
                Some(now)
            } else {
                shop.status_changed_at
            },
            name: self.name.value().unwrap_or(shop.name),
            normalized_name,
            razon_social: self.razon_social.over(shop.razon_social),
            status: self.status.value().unwrap_or(shop.status),
            status_reason: self.status_reason.over(shop.status_reason),
            suspension,
            registration_source: self
                .registration_source
                .value()
                .unwrap_or(shop.registration_source),
            visibility: self.visibility.value().unwrap_or(shop.visibility),
            verification: self.verification.value().unwrap_or(shop.verification),
            contacts_public: self.contacts_public.or_empty(shop.contacts_public),
            contact_email_private: self
                .contact_email_private
                .map(Email::into_string)
                .over(shop.contact_email_private),
            contact_whatsapp_private: self
                .contact_whatsapp_private
                .over(shop.contact_whatsapp_private),
            gallery,
            address_base: self.address_base.over(shop.address_base),
            address_display: self.address_display.over(shop.address_display),
            // What the server noted stays beside what an administrator writes.
            intake_meta: match self.intake_meta {
                Change::Set(sent) => Some(details::merge("intakeMeta", shop.intake_meta, sent)?),
                Change::Keep | Change::Clear => shop.intake_meta,
            },
            stream_quota: self.stream_quota.or_empty(shop.stream_quota),
            reel_quota: self.reel_quota.or_empty(shop.reel_quota),
            ..shop
        })
    }
}

/// What was stored before anybody checked it is left as it is: pages send everything back.
fn email(sent: Change<String>, current: Option<&str>) -> Result<Change<String>, ShopError> {
    match sent {
        Change::Set(same) if current == Some(same.as_str()) => Ok(Change::Keep),
        sent => sent.try_map(|typed| {
            let email = Email::parse(&typed).map(Email::into_string);
            email.ok_or(ShopError::InvalidEmail)
        }),
    }
}

/// What is unknown, or no word at all, is `PENDING_VERIFICATION`, as it has always been.
fn status(fields: Fields<'_>) -> Change<ShopStatus> {
    fields.raw("status").map_or(Change::Keep, |sent| {
        let known = sent.as_str().and_then(ShopStatus::parse);
        Change::Set(known.unwrap_or(ShopStatus::PendingVerification))
    })
}

/// A word of an enum; null stays as it is, because there is always one.
fn word<T>(
    fields: Fields<'_>,
    field: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Change<T>, FieldError> {
    match fields.raw(field) {
        None | Some(Value::Null) => Ok(Change::Keep),
        Some(sent) => {
            let known = sent.as_str().and_then(parse);
            known.map(Change::Set).ok_or(FieldError::Wrong { field })
        }
    }
}

fn moment(fields: Fields<'_>, field: &'static str) -> Result<Change<Timestamp>, FieldError> {
    fields
        .text(field, MAX_NAME_CHARS)?
        .try_map(|typed| from_wire(&typed).ok_or(FieldError::Wrong { field }))
}

#[cfg(test)]
mod tests;
