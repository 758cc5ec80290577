//! A shop, whole: what is loaded before a decision and written after it.

use avvivo_kernel::{AccountId, ShopId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Plan, PlanTier, RegistrationSource, ShopStanding, ShopStatus, SocialHandle, Verification,
    Visibility, WhatsappLine, plan::NO_PLAN,
};
use crate::{
    identity::{AccessError, Caller},
    text::match_form,
};

/// A shop in a building that houses many.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gallery {
    /// Whether the shop said that it is in one.
    #[serde(rename = "isGallery")]
    pub declared: bool,
    /// The building's name.
    #[serde(rename = "galleryName")]
    pub name: Option<String>,
    /// Which unit, upper case.
    #[serde(rename = "galleryLocal")]
    pub local: Option<String>,
    /// Which floor.
    #[serde(rename = "galleryFloor")]
    pub floor: Option<String>,
}

impl Gallery {
    /// Whether it takes the place of several shops at one address.
    pub fn is_one(&self) -> bool {
        self.declared
            || self
                .local
                .as_ref()
                .is_some_and(|local| !local.trim().is_empty())
    }
}

/// Until when and why a shop may not schedule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Suspension {
    /// Its end.
    #[serde(rename = "agendaSuspendedUntil")]
    pub until: Option<Timestamp>,
    /// The administrator who imposed it.
    #[serde(rename = "agendaSuspendedByAdminId")]
    pub by: Option<AccountId>,
    /// Why, as the shop reads it.
    #[serde(rename = "agendaSuspendedReason")]
    pub reason: Option<String>,
}

/// A shop with everything that is stored of it. As JSON it has the names that clients know, for the audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shop {
    /// Which one.
    pub id: ShopId,
    /// The only thing that makes somebody the owner.
    #[serde(rename = "authUserId")]
    pub owner: Option<AccountId>,
    /// As it is called.
    pub name: String,
    /// As it is compared: see [`crate::text::match_form`].
    pub normalized_name: Option<String>,
    /// Its word in addresses of pages.
    pub slug: String,
    /// Its pictures.
    pub logo_url: Option<String>,
    /// Its pictures.
    pub cover_url: Option<String>,
    /// Its own site.
    pub website: Option<String>,
    /// Lower case, nobody else's.
    pub email: Option<String>,
    /// Whether its owner has only a technical address.
    pub requires_email_fix: bool,
    /// Its legal name.
    pub razon_social: Option<String>,
    /// Eleven digits.
    pub cuit: Option<String>,
    /// As it is shown.
    pub address: Option<String>,
    /// In parts; unknown keys are kept.
    pub address_details: Option<Map<String, Value>>,
    /// With city, province and country.
    pub address_base: Option<String>,
    /// With what tells it from its neighbours.
    pub address_display: Option<String>,
    /// As it is compared.
    pub normalized_address_base: Option<String>,
    /// The building it is in.
    #[serde(flatten)]
    pub gallery: Gallery,
    /// In whole pesos.
    pub minimum_purchase: u32,
    /// In its words.
    pub payment_methods: Vec<String>,
    /// As it was sold.
    pub plan: String,
    /// What that is worth.
    pub plan_tier: PlanTier,
    /// Where it stands.
    pub status: ShopStatus,
    /// Why, as the shop reads it.
    pub status_reason: Option<String>,
    /// Since when.
    pub status_changed_at: Option<Timestamp>,
    /// How it came to be.
    pub registration_source: RegistrationSource,
    /// How much of it is shown.
    #[serde(rename = "visibilityState")]
    pub visibility: Visibility,
    /// Whether it was checked.
    #[serde(rename = "verificationState")]
    pub verification: Verification,
    /// Whether everybody may read how to reach it.
    pub contacts_public: bool,
    /// How we reach it.
    pub contact_email_private: Option<String>,
    /// How we reach it.
    pub contact_whatsapp_private: Option<String>,
    /// How it registered; with personal data, so it stays out of the audit.
    #[serde(skip)]
    pub intake_meta: Option<Map<String, Value>>,
    /// When its owner confirmed its data.
    pub owner_accepted_at: Option<Timestamp>,
    /// Until when it may not schedule.
    #[serde(flatten)]
    pub suspension: Suspension,
    /// What is left, as the old lists show it.
    pub stream_quota: u32,
    /// What is left, as the old lists show it.
    pub reel_quota: u32,
    /// False once an administrator switched it off.
    pub active: bool,
    /// At most one a network.
    pub social_handles: Vec<SocialHandle>,
    /// At most three, in their order.
    pub whatsapp_lines: Vec<WhatsappLine>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
}

impl Shop {
    /// A pending shop of which nothing is known but its name.
    pub(crate) fn bare(id: ShopId, name: String, slug: String, now: Timestamp) -> Self {
        Self {
            id,
            owner: None,
            normalized_name: Some(match_form(&name)),
            name,
            slug,
            logo_url: None,
            cover_url: None,
            website: None,
            email: None,
            requires_email_fix: false,
            razon_social: None,
            cuit: None,
            address: None,
            address_details: None,
            address_base: None,
            address_display: None,
            normalized_address_base: None,
            gallery: Gallery::default(),
            minimum_purchase: 0,
            payment_methods: Vec::new(),
            plan: NO_PLAN.to_owned(),
            plan_tier: PlanTier::None,
            status: ShopStatus::PendingVerification,
            status_reason: None,
            status_changed_at: Some(now),
            registration_source: RegistrationSource::Admin,
            visibility: Visibility::Hidden,
            verification: Verification::Unverified,
            contacts_public: true,
            contact_email_private: None,
            contact_whatsapp_private: None,
            intake_meta: None,
            owner_accepted_at: None,
            suspension: Suspension::default(),
            stream_quota: 0,
            reel_quota: 0,
            active: true,
            social_handles: Vec::new(),
            whatsapp_lines: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// What decides what it may do.
    pub fn standing(&self) -> ShopStanding {
        ShopStanding {
            id: self.id,
            active: self.active,
            status: self.status,
            registration_source: self.registration_source,
            verification: self.verification,
            plan: self.plan.clone(),
            plan_tier: self.plan_tier,
            contact_email: self.contact_email_private.clone(),
        }
    }

    /// Whether it bought no plan.
    pub fn has_no_plan(&self) -> bool {
        self.plan_tier == PlanTier::None || Plan::read(&self.plan) == Plan::None
    }

    /// What of it is shown in effect: without a plan never more than the place on the map.
    pub fn effective_visibility(&self) -> Visibility {
        match self.visibility {
            Visibility::Lit if self.has_no_plan() => Visibility::Dimmed,
            stored => stored,
        }
    }

    /// Administrators, and who owns the shop as it is by now: it may have been given away since its owner was let in.
    pub fn must_be_owned_by(&self, caller: &Caller) -> Result<(), AccessError> {
        if caller.is_admin() || self.owner == Some(caller.account_id) {
            Ok(())
        } else {
            Err(AccessError::NotYours)
        }
    }

    /// As [`Shop::must_be_owned_by`], and for an owner only while it is open.
    pub fn must_be_run_by(&self, caller: &Caller) -> Result<(), AccessError> {
        self.must_be_owned_by(caller)?;
        if caller.is_admin() || self.standing().is_operable() {
            Ok(())
        } else {
            Err(AccessError::NotAllowed)
        }
    }

    /// Whether it is as it was, but for when it last changed.
    pub fn is_as(&self, before: &Self) -> bool {
        let stamped = Self {
            updated_at: before.updated_at,
            ..self.clone()
        };
        stamped == *before
    }

    /// Whether its agenda is suspended at `now`.
    pub fn agenda_is_suspended(&self, now: Timestamp) -> bool {
        self.status == ShopStatus::AgendaSuspended
            || self.suspension.until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
pub(crate) mod example {
    //! A shop for tests to change.

    use uuid::Uuid;

    use super::*;

    /// Noon of a Tuesday, nine in the morning in Buenos Aires.
    pub(crate) fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    pub(crate) fn owner() -> AccountId {
        Uuid::from_u128(7).into()
    }

    /// An open shop with everything in it.
    pub(crate) fn shop() -> Shop {
        let text = |text: &str| Some(text.to_owned());
        let details = serde_json::json!({
            "street": "Cuenca", "number": "612", "city": "CABA", "province": "CABA", "zip": "1406",
            "lat": -34.6281, "lng": -58.4779, "catalogUrl": "https://catalogo.example/luna",
            "legacyUid": "20417",
        });
        let before: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        Shop {
            id: Uuid::from_u128(2).into(),
            owner: Some(owner()),
            name: "Luna Azul".to_owned(),
            normalized_name: text("luna azul"),
            slug: "luna-azul".to_owned(),
            logo_url: text("https://cdn.example/luna/logo.png"),
            cover_url: None,
            website: text("https://lunaazul.example"),
            email: text("ventas@lunaazul.com.ar"),
            requires_email_fix: false,
            razon_social: text("Luna Azul SRL"),
            cuit: text("30712345671"),
            address: text("Cuenca 612, CABA"),
            address_details: details.as_object().cloned(),
            address_base: None,
            address_display: None,
            normalized_address_base: None,
            gallery: Gallery::default(),
            minimum_purchase: 60_000,
            payment_methods: vec!["Efectivo".to_owned()],
            plan: "ALTA".to_owned(),
            plan_tier: PlanTier::Media,
            status: ShopStatus::Active,
            status_reason: None,
            status_changed_at: Some(before),
            registration_source: RegistrationSource::Admin,
            visibility: Visibility::Lit,
            verification: Verification::Verified,
            contacts_public: true,
            contact_email_private: text("privado@lunaazul.com.ar"),
            contact_whatsapp_private: None,
            intake_meta: None,
            owner_accepted_at: None,
            suspension: Suspension::default(),
            stream_quota: 2,
            reel_quota: 3,
            active: true,
            social_handles: vec![SocialHandle {
                platform: crate::reels::Platform::Instagram,
                handle: "lunaazul.ok".to_owned(),
            }],
            whatsapp_lines: vec![WhatsappLine {
                label: "Ventas por mayor".to_owned(),
                number: "+5491144440101".to_owned(),
            }],
            created_at: before,
            updated_at: before,
        }
    }

    #[test]
    fn without_a_plan_a_shop_is_dimmed_and_no_less_hidden() {
        let without = |visibility| Shop {
            plan: "none".to_owned(),
            visibility,
            ..shop()
        };
        assert_eq!(shop().effective_visibility(), Visibility::Lit);
        assert_eq!(
            without(Visibility::Lit).effective_visibility(),
            Visibility::Dimmed
        );
        assert_eq!(
            without(Visibility::Hidden).effective_visibility(),
            Visibility::Hidden
        );
    }

    #[test]
    fn the_audit_knows_a_shop_by_the_names_of_clients() {
        let json = serde_json::to_value(shop()).unwrap();
        assert_eq!(json["visibilityState"], "LIT");
        assert_eq!(json["isGallery"], false);
        assert_eq!(json["whatsappLines"][0]["number"], "+5491144440101");
        assert!(json.get("intakeMeta").is_none());
    }
}
