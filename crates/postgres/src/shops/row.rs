//! A shop as the tables have it, and the way to a domain value and back.

use avvivo_domain::{
    reels::Platform,
    shops::{
        Gallery, PlanTier, RegistrationSource, Shop, ShopStatus, SocialHandle, Suspension,
        Verification, Visibility, WhatsappLine,
    },
};
use avvivo_kernel::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{ListedShop, Rating};
use crate::{DbError, counts::counted};

#[expect(clippy::struct_excessive_bools, reason = "the table has as many")]
pub(super) struct ShopRow {
    pub(super) id: Uuid,
    pub(super) owner_account_id: Option<Uuid>,
    pub(super) name: String,
    pub(super) normalized_name: Option<String>,
    pub(super) slug: String,
    pub(super) logo_url: Option<String>,
    pub(super) cover_url: Option<String>,
    pub(super) website: Option<String>,
    pub(super) email: Option<String>,
    pub(super) requires_email_fix: bool,
    pub(super) razon_social: Option<String>,
    pub(super) cuit: Option<String>,
    pub(super) address: Option<String>,
    pub(super) address_details: Option<Value>,
    pub(super) address_base: Option<String>,
    pub(super) address_display: Option<String>,
    pub(super) normalized_address_base: Option<String>,
    pub(super) is_gallery: bool,
    pub(super) gallery_name: Option<String>,
    pub(super) gallery_local: Option<String>,
    pub(super) gallery_floor: Option<String>,
    pub(super) minimum_purchase: i32,
    pub(super) payment_methods: Vec<String>,
    pub(super) plan: String,
    pub(super) plan_tier: String,
    pub(super) status: String,
    pub(super) status_reason: Option<String>,
    pub(super) status_changed_at: Option<Timestamp>,
    pub(super) registration_source: String,
    pub(super) visibility: String,
    pub(super) verification: String,
    pub(super) contacts_public: bool,
    pub(super) contact_email_private: Option<String>,
    pub(super) contact_whatsapp_private: Option<String>,
    pub(super) intake_meta: Option<Value>,
    pub(super) owner_accepted_at: Option<Timestamp>,
    pub(super) agenda_suspended_until: Option<Timestamp>,
    pub(super) agenda_suspended_by: Option<Uuid>,
    pub(super) agenda_suspended_reason: Option<String>,
    pub(super) stream_quota: i32,
    pub(super) reel_quota: i32,
    pub(super) active: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// A list of objects of `platform` and `handle`.
    pub(super) social_handles: Value,
    /// A list of objects of `label` and `number`.
    pub(super) whatsapp_lines: Value,
    pub(super) rating_average: Option<f64>,
    pub(super) rating_count: Option<i32>,
}

/// Selects whole shops, `s`, with contacts and rating, by what follows `FROM shops AS s` and its join.
macro_rules! shops {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::shops::row::ShopRow,
            r#"
            SELECT
                s.id,
                s.owner_account_id,
                s.name,
                s.normalized_name,
                s.slug,
                s.logo_url,
                s.cover_url,
                s.website,
                s.email,
                s.requires_email_fix,
                s.razon_social,
                s.cuit,
                s.address,
                s.address_details,
                s.address_base,
                s.address_display,
                s.normalized_address_base,
                s.is_gallery,
                s.gallery_name,
                s.gallery_local,
                s.gallery_floor,
                s.minimum_purchase,
                s.payment_methods,
                s.plan,
                s.plan_tier::text AS "plan_tier!",
                s.status::text AS "status!",
                s.status_reason,
                s.status_changed_at,
                s.registration_source::text AS "registration_source!",
                s.visibility::text AS "visibility!",
                s.verification::text AS "verification!",
                s.contacts_public,
                s.contact_email_private,
                s.contact_whatsapp_private,
                s.intake_meta,
                s.owner_accepted_at,
                s.agenda_suspended_until,
                s.agenda_suspended_by,
                s.agenda_suspended_reason,
                s.stream_quota,
                s.reel_quota,
                s.active,
                s.created_at,
                s.updated_at,
                (
                    SELECT coalesce(
                        jsonb_agg(jsonb_build_object('platform', h.platform, 'handle', h.handle) ORDER BY h.position), '[]'
                    )
                    FROM shop_social_handles AS h
                    WHERE h.shop_id = s.id
                ) AS "social_handles!",
                (
                    SELECT coalesce(
                        jsonb_agg(jsonb_build_object('label', w.label, 'number', w.number) ORDER BY w.position), '[]'
                    )
                    FROM shop_whatsapp_lines AS w
                    WHERE w.shop_id = s.id
                ) AS "whatsapp_lines!",
                r.rating_average AS "rating_average?",
                r.rating_count AS "rating_count?"
            FROM shops AS s
            LEFT JOIN shop_ratings AS r ON r.shop_id = s.id
            "# + $tail
            $(, $argument)*
        )
    };
}
pub(super) use shops;

impl TryFrom<ShopRow> for ListedShop {
    type Error = DbError;

    fn try_from(row: ShopRow) -> Result<Self, DbError> {
        let rating = Rating {
            average: row.rating_average.unwrap_or_default(),
            count: count(row.id, "rating_count", row.rating_count.unwrap_or_default())?,
        };
        Ok(Self {
            shop: row.try_into()?,
            rating,
            own: None,
        })
    }
}

impl TryFrom<ShopRow> for Shop {
    type Error = DbError;

    fn try_from(row: ShopRow) -> Result<Self, DbError> {
        let id = row.id;
        Ok(Self {
            id: id.into(),
            owner: row.owner_account_id.map(Into::into),
            name: row.name,
            normalized_name: row.normalized_name,
            slug: row.slug,
            logo_url: row.logo_url,
            cover_url: row.cover_url,
            website: row.website,
            email: row.email,
            requires_email_fix: row.requires_email_fix,
            razon_social: row.razon_social,
            cuit: row.cuit,
            address: row.address,
            address_details: object(id, "address_details", row.address_details)?,
            address_base: row.address_base,
            address_display: row.address_display,
            normalized_address_base: row.normalized_address_base,
            gallery: Gallery {
                declared: row.is_gallery,
                name: row.gallery_name,
                local: row.gallery_local,
                floor: row.gallery_floor,
            },
            minimum_purchase: count(id, "minimum_purchase", row.minimum_purchase)?,
            payment_methods: row.payment_methods,
            plan: row.plan,
            plan_tier: word(id, "plan_tier", &row.plan_tier, PlanTier::parse)?,
            status: word(id, "status", &row.status, ShopStatus::parse)?,
            status_reason: row.status_reason,
            status_changed_at: row.status_changed_at,
            registration_source: word(
                id,
                "registration_source",
                &row.registration_source,
                RegistrationSource::parse,
            )?,
            visibility: word(id, "visibility", &row.visibility, Visibility::parse)?,
            verification: word(id, "verification", &row.verification, Verification::parse)?,
            contacts_public: row.contacts_public,
            contact_email_private: row.contact_email_private,
            contact_whatsapp_private: row.contact_whatsapp_private,
            intake_meta: object(id, "intake_meta", row.intake_meta)?,
            owner_accepted_at: row.owner_accepted_at,
            suspension: Suspension {
                until: row.agenda_suspended_until,
                by: row.agenda_suspended_by.map(Into::into),
                reason: row.agenda_suspended_reason,
            },
            stream_quota: count(id, "stream_quota", row.stream_quota)?,
            reel_quota: count(id, "reel_quota", row.reel_quota)?,
            active: row.active,
            social_handles: social_handles(id, &row.social_handles)?,
            whatsapp_lines: whatsapp_lines(id, &row.whatsapp_lines)?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(super) fn word<T>(
    id: Uuid,
    column: &'static str,
    word: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, DbError> {
    parse(word).ok_or_else(|| DbError::broken("shops", column, id, word))
}

fn count(id: Uuid, column: &'static str, value: i32) -> Result<u32, DbError> {
    counted(("shops", column), id, value)
}

pub(super) fn object(
    id: Uuid,
    column: &'static str,
    value: Option<Value>,
) -> Result<Option<Map<String, Value>>, DbError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(other) => Err(DbError::broken("shops", column, id, other)),
    }
}

/// The objects of a list that the query built, in two texts each.
fn pairs<'a>(
    (id, table): (Uuid, &'static str),
    list: &'a Value,
    (first, second): (&'static str, &'static str),
) -> impl Iterator<Item = Result<(&'a str, &'a str), DbError>> {
    list.as_array().into_iter().flatten().map(move |item| {
        let text = |key: &'static str| {
            let text = item.get(key).and_then(Value::as_str);
            text.ok_or_else(|| DbError::broken(table, key, id, item))
        };
        Ok((text(first)?, text(second)?))
    })
}

fn social_handles(id: Uuid, list: &Value) -> Result<Vec<SocialHandle>, DbError> {
    const TABLE: &str = "shop_social_handles";
    pairs((id, TABLE), list, ("platform", "handle"))
        .map(|pair| {
            let (platform, handle) = pair?;
            let platform = Platform::parse(platform)
                .ok_or_else(|| DbError::broken(TABLE, "platform", id, platform))?;
            Ok(SocialHandle {
                platform,
                handle: handle.to_owned(),
            })
        })
        .collect()
}

fn whatsapp_lines(id: Uuid, list: &Value) -> Result<Vec<WhatsappLine>, DbError> {
    pairs((id, "shop_whatsapp_lines"), list, ("label", "number"))
        .map(|pair| {
            let (label, number) = pair?;
            Ok(WhatsappLine {
                label: label.to_owned(),
                number: number.to_owned(),
            })
        })
        .collect()
}
