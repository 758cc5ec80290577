//! What other shops have already, for those who register.

use std::collections::BTreeSet;

use avvivo_domain::shops::{
    Gallery,
    intake::{Address, ContactFacts, Facts, Identity, IdentityFacts, Neighbour},
};
use uuid::Uuid;

use super::row::object;
use crate::{Conn, DbError};

/// More neighbours than any building has.
const MOST_NEIGHBOURS: i64 = 500;
/// More shops whose slugs begin alike than are numbered one after the other.
const MOST_SLUGS: i64 = 200;

/// Has those who register do so one after the other until the transaction ends: an address is no constraint, and a contact
/// stands in more than one column.
pub async fn take_turn(conn: &mut Conn) -> Result<(), DbError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('shops: registration')::bigint)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// What somebody asks about; what they do not name is nobody's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Name and taxes.
    pub identity: Option<&'a Identity>,
    /// E-mail and telephone.
    pub contact: Option<(&'a str, &'a str)>,
}

/// Who has names, numbers and contacts. Who is at an address is [`neighbours`].
pub async fn facts(conn: &mut Conn, asked: Asked<'_>) -> Result<Facts, DbError> {
    let (email, whatsapp) = asked.contact.unzip();
    let row = sqlx::query!(
        r#"
        SELECT
            EXISTS (
                SELECT 1 FROM shops WHERE normalized_name = $1 AND status NOT IN ('HIDDEN', 'BANNED')
            ) AS "name_taken!",
            EXISTS (SELECT 1 FROM shops WHERE cuit = $2) AS "cuit_taken!",
            (
                EXISTS (SELECT 1 FROM shops WHERE email = $3)
                OR EXISTS (SELECT 1 FROM shops WHERE contact_email_private = $3)
            ) AS "email_taken!",
            EXISTS (SELECT 1 FROM shops WHERE contact_whatsapp_private = $4) AS "whatsapp_taken!"
        "#,
        asked.identity.map(|identity| &*identity.normalized_name),
        asked.identity.map(|identity| &*identity.cuit),
        email,
        whatsapp,
    )
    .fetch_one(conn)
    .await?;
    Ok(Facts {
        identity: IdentityFacts {
            cuit_taken: row.cuit_taken,
            name_taken: row.name_taken,
        },
        contact: ContactFacts {
            email_taken: row.email_taken,
            whatsapp_taken: row.whatsapp_taken,
        },
        address: Vec::new(),
    })
}

struct NeighbourRow {
    id: Uuid,
    name: String,
    normalized_name: Option<String>,
    normalized_address_base: Option<String>,
    address: Option<String>,
    address_details: Option<serde_json::Value>,
    is_gallery: bool,
    gallery_name: Option<String>,
    gallery_local: Option<String>,
    gallery_floor: Option<String>,
}

/// Who may be at an address: those at its door in whatever city, and those whose address is only text that names the street.
pub async fn neighbours(conn: &mut Conn, address: &Address) -> Result<Vec<Neighbour>, DbError> {
    let normalized = address.normalized();
    // Street and number, which the first comma ends.
    let door = normalized.split(',').next().unwrap_or_default();
    let rows = sqlx::query_as!(
        NeighbourRow,
        r#"
        (
            SELECT
                id AS "id!",
                name AS "name!",
                normalized_name,
                normalized_address_base,
                coalesce(address_display, address) AS address,
                address_details,
                is_gallery AS "is_gallery!",
                gallery_name,
                gallery_local,
                gallery_floor
            FROM shops
            WHERE normalized_address_base COLLATE "C" >= $1 AND normalized_address_base COLLATE "C" < $2
            LIMIT $4
        )
        UNION ALL
        (
            SELECT
                id, name, normalized_name, normalized_address_base, coalesce(address_display, address) AS address,
                address_details, is_gallery, gallery_name, gallery_local, gallery_floor
            FROM shops
            WHERE
                normalized_address_base IS NULL
                AND strpos(lower(coalesce(address_display, address)), lower($3)) > 0
            LIMIT $4
        )
        "#,
        format!("{door},"),
        // What follows a comma in the order of bytes.
        format!("{door}-"),
        address.street(),
        MOST_NEIGHBOURS,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(NeighbourRow::into_neighbour).collect()
}

impl NeighbourRow {
    fn into_neighbour(self) -> Result<Neighbour, DbError> {
        Ok(Neighbour {
            name: self.name,
            normalized_name: self.normalized_name,
            normalized_address_base: self.normalized_address_base,
            address: self.address,
            address_details: object(self.id, "address_details", self.address_details)?,
            gallery: Gallery {
                declared: self.is_gallery,
                name: self.gallery_name,
                local: self.gallery_local,
                floor: self.gallery_floor,
            },
        })
    }
}

/// The slugs that are `base`, or `base` and a number.
pub async fn taken_slugs(conn: &mut Conn, base: &str) -> Result<BTreeSet<String>, DbError> {
    let slugs = sqlx::query_scalar!(
        r#"
        SELECT slug
        FROM shops
        WHERE slug COLLATE "C" >= $1 AND slug COLLATE "C" < $2
        ORDER BY length(slug), slug COLLATE "C"
        LIMIT $3
        "#,
        base,
        // What follows a dash in the order of bytes.
        format!("{base}."),
        MOST_SLUGS,
    )
    .fetch_all(conn)
    .await?;
    Ok(slugs.into_iter().collect())
}
