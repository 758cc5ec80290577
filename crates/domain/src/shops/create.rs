//! A shop that an administrator makes.

use std::collections::BTreeSet;

use avvivo_kernel::{ShopId, Timestamp, time::business_day};
use serde_json::{Map, Value};

use super::{
    Plan, Shop, ShopError, ShopStatus, SocialHandle, Verification, Visibility, WhatsappLine,
    contacts, details,
    edit::Editor,
    intake::{normal, normalized_details},
    owner::{OwnerAccount, Ownership, account_status, side, takes_over},
};
use crate::{
    fields::{Change, FieldError, Fields},
    identity::{Email, UserType},
    quota::Wallet,
    text::{MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_TAG_CHARS, MAX_URL_CHARS},
};

/// The plan when none is named.
const DEFAULT_PLAN: &str = "ESTANDAR";
/// More ways to pay than anybody offers.
pub(crate) const MAX_PAYMENT_METHODS: usize = 20;

/// A request to make a shop. A `password` is ignored: keys are the identity provider's.
#[derive(Debug, Clone, PartialEq)]
pub struct NewShop {
    /// The id that was asked for.
    pub id: Option<ShopId>,
    name: String,
    slug: Option<String>,
    /// The address of the shop and of its owner.
    pub email: Option<Email>,
    plan: String,
    status: ShopStatus,
    active: bool,
    stream_quota: Option<u32>,
    reel_quota: Option<u32>,
    logo_url: Option<String>,
    cover_url: Option<String>,
    website: Option<String>,
    razon_social: Option<String>,
    cuit: Option<String>,
    address: Option<String>,
    address_details: Map<String, Value>,
    minimum_purchase: u32,
    payment_methods: Vec<String>,
    social_handles: Vec<SocialHandle>,
    whatsapp_lines: Vec<WhatsappLine>,
}

impl NewShop {
    /// Reads a request.
    pub fn read(body: &Map<String, Value>) -> Result<Self, ShopError> {
        let fields = Fields::of(body);
        let text = |field, max| fields.text(field, max).map(Change::value);
        let quota = |field| {
            let count = fields.count(field).map(Change::value);
            count.map(|count| count.filter(|count| *count > 0))
        };
        let name = text("name", MAX_NAME_CHARS)?.ok_or(FieldError::Missing { field: "name" })?;
        let status = fields.raw("status").and_then(Value::as_str);
        Ok(Self {
            id: id(fields)?,
            name,
            slug: text("slug", MAX_NAME_CHARS)?,
            email: email(fields)?.value(),
            plan: text("plan", MAX_NAME_CHARS)?.unwrap_or_else(|| DEFAULT_PLAN.to_owned()),
            status: status
                .and_then(ShopStatus::parse)
                .unwrap_or(ShopStatus::PendingVerification),
            active: fields.flag("active")?.value().unwrap_or(true),
            stream_quota: quota("streamQuota")?,
            reel_quota: quota("reelQuota")?,
            logo_url: fields.url("logoUrl")?.value(),
            cover_url: fields.url("coverUrl")?.value(),
            website: contacts::website(fields, catalog(fields).as_deref())?.value(),
            razon_social: text("razonSocial", MAX_NAME_CHARS)?,
            cuit: cuit(fields)?.value(),
            address: text("address", MAX_NOTE_CHARS)?,
            address_details: details::read(fields, Editor::Admin)?
                .value()
                .unwrap_or_default(),
            minimum_purchase: fields.count("minimumPurchase")?.value().unwrap_or_default(),
            payment_methods: payment_methods(fields)?.value().unwrap_or_default(),
            social_handles: contacts::social_handles(fields)?
                .value()
                .unwrap_or_default(),
            whatsapp_lines: contacts::whatsapp_lines(fields)?
                .value()
                .unwrap_or_default(),
        })
    }

    /// The word in addresses of pages before it is known which are taken: those that begin like it decide.
    pub fn slug_base(&self, id: ShopId) -> String {
        normal::slug_base(self.slug.as_deref().unwrap_or(&self.name), id)
    }
}

/// What is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// The row; of a new account, its owner is set when that is made.
    pub shop: Shop,
    /// Whose it is.
    pub owner: Ownership,
    /// Its wallet.
    pub wallet: Wallet,
    /// Who is invited by mail, after the commit.
    pub invite: Option<Email>,
}

/// Makes a shop. `account` is the one with the shop's e-mail, and whether it owns a shop. A slug that was asked for and is
/// taken is refused; one that follows from the name is numbered.
pub fn create(
    request: NewShop,
    id: ShopId,
    account: Option<(OwnerAccount, bool)>,
    taken_slugs: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Created, ShopError> {
    let slug = slug(&request, id, taken_slugs, now)?;
    let plan = Plan::read(&request.plan);
    let stream_quota = request.stream_quota.unwrap_or(plan.weekly_lives());
    let reel_quota = request.reel_quota.unwrap_or(plan.daily_reels());
    let wallet = Wallet::open(plan, stream_quota, reel_quota, business_day(now));
    let invite = request.email.clone();
    let mut shop = Shop {
        stream_quota,
        reel_quota,
        ..row(request, id, slug, now)
    };
    let reused = account.filter(|(account, owns)| account.user_type != UserType::Admin && !owns);
    let owner = match (reused, invite.as_ref().filter(|_| account.is_none())) {
        (Some((account, _)), _) => {
            shop.owner = Some(account.id);
            // A buyer is not locked out because the shop they are given is not open.
            Ownership::Given(takes_over(&shop, account))
        }
        (None, Some(email)) => new_owner(&shop, email.as_str().to_owned()),
        (None, None) => {
            shop.requires_email_fix = true;
            new_owner(&shop, format!("shop_{id}@invalid.local"))
        }
    };
    Ok(Created {
        invite: invite.filter(|_| !shop.requires_email_fix),
        shop,
        owner,
        wallet,
    })
}

fn slug(
    request: &NewShop,
    id: ShopId,
    taken: &BTreeSet<String>,
    now: Timestamp,
) -> Result<String, ShopError> {
    let base = request.slug_base(id);
    if request.slug.is_some() && taken.contains(&base) {
        return Err(ShopError::SlugTaken);
    }
    Ok(normal::free_slug(&base, taken, now))
}

fn new_owner(shop: &Shop, email: String) -> Ownership {
    Ownership::New {
        email,
        sells_as: side(shop),
        status: account_status(shop.status),
    }
}

fn row(request: NewShop, id: ShopId, slug: String, now: Timestamp) -> Shop {
    let status = request.status;
    let shop = Shop {
        logo_url: request.logo_url,
        cover_url: request.cover_url,
        website: request.website,
        email: request.email.map(Email::into_string),
        razon_social: request.razon_social,
        cuit: request.cuit,
        address: request.address,
        normalized_address_base: normalized_details(&request.address_details),
        address_details: Some(request.address_details),
        minimum_purchase: request.minimum_purchase,
        payment_methods: request.payment_methods,
        plan_tier: Plan::read(&request.plan).tier(),
        plan: request.plan,
        status,
        visibility: match status {
            ShopStatus::Active => Visibility::Lit,
            _ => Visibility::Hidden,
        },
        verification: match status {
            ShopStatus::Active => Verification::Verified,
            ShopStatus::Banned => Verification::Rejected,
            _ => Verification::Unverified,
        },
        active: request.active,
        social_handles: request.social_handles,
        whatsapp_lines: request.whatsapp_lines,
        ..Shop::bare(id, request.name, slug, now)
    };
    // Without a plan it is dimmed however it comes to be.
    Shop {
        visibility: shop.effective_visibility(),
        ..shop
    }
}

fn id(fields: Fields<'_>) -> Result<Option<ShopId>, ShopError> {
    match fields.raw("id") {
        None | Some(Value::Null) => Ok(None),
        // It becomes part of storage paths, so nothing else will do.
        Some(Value::String(id)) => id
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| ShopError::InvalidId),
        Some(_) => Err(ShopError::InvalidId),
    }
}

/// Reads `email`: blank is none, because two blank ones would be the same.
pub(crate) fn email(fields: Fields<'_>) -> Result<Change<Email>, ShopError> {
    let typed = fields.text("email", MAX_NOTE_CHARS)?;
    typed.try_map(|typed| Email::parse(&typed).ok_or(ShopError::InvalidEmail))
}

/// Reads `cuit`, kept as its digits; only those who register themselves are held to its last one.
pub(crate) fn cuit(fields: Fields<'_>) -> Result<Change<String>, ShopError> {
    let typed = fields.text("cuit", MAX_TAG_CHARS)?;
    typed.try_map(|typed| normal::cuit_digits(&typed).ok_or(ShopError::InvalidCuit))
}

/// Reads `paymentMethods`.
pub(crate) fn payment_methods(fields: Fields<'_>) -> Result<Change<Vec<String>>, FieldError> {
    fields.texts("paymentMethods", MAX_PAYMENT_METHODS, MAX_NAME_CHARS)
}

/// Where the shop's catalog is, by any of the names it has had.
pub(crate) fn catalog(fields: Fields<'_>) -> Option<String> {
    let details = fields.raw("addressDetails").and_then(Value::as_object);
    let stated = || {
        fields
            .text("catalogUrl", MAX_URL_CHARS)
            .ok()
            .and_then(Change::value)
    };
    details::part(details, "catalogUrl")
        .or_else(stated)
        .or_else(|| details::part(details, "url_catalogo"))
}

#[cfg(test)]
mod tests;
