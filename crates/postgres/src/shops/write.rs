//! Writing whole shops.

use avvivo_domain::shops::{Shop, SocialHandle, WhatsappLine};
use avvivo_kernel::{AccountId, ShopId};
use serde_json::{Map, Value};

use super::suspensions;
use crate::{Conn, DbError, counts::stored};

/// What of a shop nobody else may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// Its id.
    Id,
    /// The word in its addresses.
    Slug,
    /// Its name, as it is compared.
    Name,
    /// Its tax number.
    Cuit,
    /// Its address for everybody.
    Email,
    /// Its owner.
    Owner,
}

impl Unique {
    /// What somebody else has, if that is why a write was refused.
    pub fn of(error: &DbError) -> Option<Self> {
        [
            ("shops_pkey", Self::Id),
            ("shops_slug_key", Self::Slug),
            ("shops_live_name_key", Self::Name),
            ("shops_cuit_key", Self::Cuit),
            ("shops_email_key", Self::Email),
            ("shops_owner_account_id_key", Self::Owner),
        ]
        .into_iter()
        .find_map(|(constraint, unique)| error.violates(constraint).then_some(unique))
    }
}

/// Runs a statement with the columns of a shop, in the order of the table, as its arguments.
macro_rules! with_columns {
    ($statement:literal, $shop:expr) => {{
        let shop: &Shop = $shop;
        sqlx::query!(
            $statement,
            shop.id.as_uuid(),
            shop.owner.map(AccountId::as_uuid),
            &shop.name,
            shop.normalized_name.as_deref(),
            &shop.slug,
            shop.logo_url.as_deref(),
            shop.cover_url.as_deref(),
            shop.website.as_deref(),
            shop.email.as_deref(),
            shop.requires_email_fix,
            shop.razon_social.as_deref(),
            shop.cuit.as_deref(),
            shop.address.as_deref(),
            object(shop.address_details.as_ref()),
            shop.address_base.as_deref(),
            shop.address_display.as_deref(),
            shop.normalized_address_base.as_deref(),
            shop.gallery.declared,
            shop.gallery.name.as_deref(),
            shop.gallery.local.as_deref(),
            shop.gallery.floor.as_deref(),
            stored(shop.minimum_purchase),
            &shop.payment_methods,
            &shop.plan,
            shop.plan_tier.as_str(),
            shop.status.as_str(),
            shop.status_reason.as_deref(),
            shop.status_changed_at,
            shop.registration_source.as_str(),
            shop.visibility.as_str(),
            shop.verification.as_str(),
            shop.contacts_public,
            shop.contact_email_private.as_deref(),
            shop.contact_whatsapp_private.as_deref(),
            object(shop.intake_meta.as_ref()),
            shop.owner_accepted_at,
            shop.suspension.until,
            shop.suspension.by.map(AccountId::as_uuid),
            shop.suspension.reason.as_deref(),
            stored(shop.stream_quota),
            stored(shop.reel_quota),
            shop.active,
            shop.created_at,
            shop.updated_at,
        )
    }};
}

/// Stores a new shop. [`Unique`] says what somebody else has.
pub async fn insert(conn: &mut Conn, shop: &Shop) -> Result<(), DbError> {
    with_columns!(
        r#"
            INSERT INTO shops (
                id, owner_account_id, name, normalized_name, slug, logo_url, cover_url, website, email,
                requires_email_fix, razon_social, cuit, address, address_details, address_base, address_display,
                normalized_address_base, is_gallery, gallery_name, gallery_local, gallery_floor, minimum_purchase,
                payment_methods, plan, plan_tier, status, status_reason, status_changed_at, registration_source,
                visibility, verification, contacts_public, contact_email_private, contact_whatsapp_private,
                intake_meta, owner_accepted_at, agenda_suspended_until, agenda_suspended_by,
                agenda_suspended_reason, stream_quota, reel_quota, active, created_at, updated_at
            )
            VALUES (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25::text::shop_plan_tier, $26::text::shop_status, $27, $28,
                $29::text::shop_registration_source, $30::text::shop_visibility, $31::text::shop_verification, $32,
                $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44
            )
        "#,
        shop
    )
    .execute(&mut *conn)
    .await?;
    set_social_handles(conn, shop.id, &shop.social_handles).await?;
    set_whatsapp_lines(conn, shop.id, &shop.whatsapp_lines).await
}

/// Stores what a shop became that was locked as `before`; the suspension that is open ends when the shop's does. [`Unique`] says what somebody else has.
pub async fn save(conn: &mut Conn, before: &Shop, shop: &Shop) -> Result<(), DbError> {
    with_columns!(
        r#"
            UPDATE shops
            SET
                owner_account_id = $2,
                name = $3,
                normalized_name = $4,
                slug = $5,
                logo_url = $6,
                cover_url = $7,
                website = $8,
                email = $9,
                requires_email_fix = $10,
                razon_social = $11,
                cuit = $12,
                address = $13,
                address_details = $14,
                address_base = $15,
                address_display = $16,
                normalized_address_base = $17,
                is_gallery = $18,
                gallery_name = $19,
                gallery_local = $20,
                gallery_floor = $21,
                minimum_purchase = $22,
                payment_methods = $23,
                plan = $24,
                plan_tier = $25::text::shop_plan_tier,
                status = $26::text::shop_status,
                status_reason = $27,
                status_changed_at = $28,
                registration_source = $29::text::shop_registration_source,
                visibility = $30::text::shop_visibility,
                verification = $31::text::shop_verification,
                contacts_public = $32,
                contact_email_private = $33,
                contact_whatsapp_private = $34,
                intake_meta = $35,
                owner_accepted_at = $36,
                agenda_suspended_until = $37,
                agenda_suspended_by = $38,
                agenda_suspended_reason = $39,
                stream_quota = $40,
                reel_quota = $41,
                active = $42,
                created_at = $43,
                updated_at = $44
            WHERE id = $1
        "#,
        shop
    )
    .execute(&mut *conn)
    .await?;
    save_beside(conn, before, shop).await
}

/// What other tables have of the shop.
async fn save_beside(conn: &mut Conn, before: &Shop, shop: &Shop) -> Result<(), DbError> {
    if before.suspension.until != shop.suspension.until {
        let now = shop.updated_at;
        let until = shop.suspension.until.unwrap_or(now);
        suspensions::end(conn, shop.id, until, now).await?;
    }
    if before.social_handles != shop.social_handles {
        set_social_handles(conn, shop.id, &shop.social_handles).await?;
    }
    if before.whatsapp_lines != shop.whatsapp_lines {
        set_whatsapp_lines(conn, shop.id, &shop.whatsapp_lines).await?;
    }
    Ok(())
}

async fn set_social_handles(
    conn: &mut Conn,
    shop: ShopId,
    handles: &[SocialHandle],
) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM shop_social_handles WHERE shop_id = $1",
        shop.as_uuid()
    )
    .execute(&mut *conn)
    .await?;
    let (platforms, handles): (Vec<String>, Vec<String>) = handles
        .iter()
        .map(|social| (social.platform.as_str().to_owned(), social.handle.clone()))
        .unzip();
    sqlx::query!(
        r#"
        INSERT INTO shop_social_handles (shop_id, platform, handle, position)
        SELECT $1, platform::social_platform, handle, position - 1
        FROM unnest($2::text [], $3::text []) WITH ORDINALITY AS given (platform, handle, position)
        "#,
        shop.as_uuid(),
        &platforms,
        &handles,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn set_whatsapp_lines(
    conn: &mut Conn,
    shop: ShopId,
    lines: &[WhatsappLine],
) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM shop_whatsapp_lines WHERE shop_id = $1",
        shop.as_uuid()
    )
    .execute(&mut *conn)
    .await?;
    let (labels, numbers): (Vec<String>, Vec<String>) = lines
        .iter()
        .map(|line| (line.label.clone(), line.number.clone()))
        .unzip();
    sqlx::query!(
        r#"
        INSERT INTO shop_whatsapp_lines (shop_id, position, label, number)
        SELECT $1, position - 1, label, number
        FROM unnest($2::text [], $3::text []) WITH ORDINALITY AS given (label, number, position)
        "#,
        shop.as_uuid(),
        &labels,
        &numbers,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the reels of a shop are made of and shown by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Media {
    /// As clients are given them.
    pub urls: Vec<String>,
    /// As the store names them.
    pub paths: Vec<String>,
}

/// Locks the reels of a shop until the transaction ends.
pub async fn lock_reels(conn: &mut Conn, shop: ShopId) -> Result<(), DbError> {
    sqlx::query!(
        "SELECT id FROM reels WHERE shop_id = $1 ORDER BY id FOR UPDATE",
        shop.as_uuid()
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

/// What has to be buried before a shop is deleted.
pub async fn media(conn: &mut Conn, shop: ShopId) -> Result<Media, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT
            ARRAY(
                SELECT url
                FROM reels AS r
                CROSS JOIN LATERAL unnest(r.photo_urls || r.video_url || r.thumbnail_url) AS url
                WHERE r.shop_id = $1 AND url IS NOT NULL
            ) AS "urls!",
            ARRAY(
                SELECT s.path
                FROM reels AS r
                JOIN reel_sources AS s ON s.reel_id = r.id
                WHERE r.shop_id = $1
            ) AS "paths!"
        "#,
        shop.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Media {
        urls: row.urls,
        paths: row.paths,
    })
}

/// Deletes a shop that is locked, with its lives and reels; what belongs to nothing but a shop goes by itself, and what was
/// said in its conversations stays. Nobody is reminded of its lives any more. What its reels are made of has to be buried
/// before.
pub async fn delete(conn: &mut Conn, shop: ShopId) -> Result<(), DbError> {
    let id = shop.as_uuid();
    let lives = sqlx::query_scalar!(
        "SELECT id FROM streams WHERE shop_id = $1 ORDER BY id FOR UPDATE",
        id
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM reminders WHERE stream_id = ANY($1)", &lives)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        r#"
        UPDATE notifications
        SET status = 'CANCELED'
        WHERE ref_id = ANY($1) AND type = 'REMINDER' AND status = 'QUEUED'
        "#,
        &lives
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM streams WHERE shop_id = $1", id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM reels WHERE shop_id = $1", id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM shops WHERE id = $1", id)
        .execute(conn)
        .await?;
    Ok(())
}

fn object(object: Option<&Map<String, Value>>) -> Option<Value> {
    object.cloned().map(Value::Object)
}
