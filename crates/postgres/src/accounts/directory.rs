//! Accounts as administrators look through them: as stored, which is not always what a request derives.

use avvivo_kernel::{AccountId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

/// An account, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAccount {
    /// Which one.
    pub id: AccountId,
    /// Its address.
    pub email: String,
    /// The identity provider's id it is linked to.
    pub firebase_uid: Option<String>,
    /// Its side.
    pub user_type: String,
    /// Its role.
    pub role: String,
    /// Whether it may be used.
    pub status: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_login_at: Option<Timestamp>,
    /// When its bearer said what they came for.
    pub onboarding_completed_at: Option<Timestamp>,
    /// Its rank and whether that is in force, when it administers.
    pub admin: Option<(String, String)>,
    /// Of the buyer's profile.
    pub display_name: Option<String>,
    /// Of the buyer's profile.
    pub profile_completed_at: Option<Timestamp>,
    /// Of the buyer's profile.
    pub city: Option<String>,
    /// Of the buyer's profile.
    pub province: Option<String>,
    /// The shop it owns.
    pub shop: Option<OwnedShop>,
}

/// A shop beside its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedShop {
    /// Which one.
    pub id: ShopId,
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: String,
    /// How it came here.
    pub registration_source: String,
}

struct ListedRow {
    id: Uuid,
    email: String,
    firebase_uid: Option<String>,
    user_type: String,
    role: String,
    status: String,
    created_at: Timestamp,
    last_login_at: Option<Timestamp>,
    onboarding_completed_at: Option<Timestamp>,
    admin_role: Option<String>,
    admin_status: Option<String>,
    display_name: Option<String>,
    profile_completed_at: Option<Timestamp>,
    city: Option<String>,
    province: Option<String>,
    shop_id: Option<Uuid>,
    shop_name: Option<String>,
    shop_status: Option<String>,
    shop_source: Option<String>,
}

/// The newest accounts.
pub async fn list(conn: &mut Conn, limit: i64) -> Result<Vec<ListedAccount>, DbError> {
    let rows = sqlx::query_as!(
        ListedRow,
        r#"
        SELECT
            a.id AS "id!",
            a.email AS "email!",
            a.firebase_uid,
            a.user_type::text AS "user_type!",
            a.role::text AS "role!",
            a.status::text AS "status!",
            a.created_at AS "created_at!",
            a.last_login_at,
            a.onboarding_completed_at,
            m.role::text AS admin_role,
            m.status::text AS admin_status,
            c.display_name AS "display_name?",
            c.profile_completed_at AS "profile_completed_at?",
            c.city AS "city?",
            c.province AS "province?",
            s.id AS "shop_id?",
            s.name AS "shop_name?",
            s.status::text AS shop_status,
            s.registration_source::text AS shop_source
        -- The newest are found first: what belongs to them is looked up for so many, and not put beside every account.
        FROM (SELECT * FROM accounts ORDER BY created_at DESC, id DESC LIMIT $1) AS a
        LEFT JOIN admins AS m ON m.account_id = a.id
        LEFT JOIN clients AS c ON c.account_id = a.id
        LEFT JOIN shops AS s ON s.owner_account_id = a.id
        ORDER BY a.created_at DESC, a.id DESC
        "#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(ListedAccount::from).collect())
}

impl From<ListedRow> for ListedAccount {
    fn from(row: ListedRow) -> Self {
        let shop = row.shop_id.map(|id| OwnedShop {
            id: id.into(),
            name: row.shop_name.unwrap_or_default(),
            status: row.shop_status.unwrap_or_default(),
            registration_source: row.shop_source.unwrap_or_default(),
        });
        Self {
            id: row.id.into(),
            email: row.email,
            firebase_uid: row.firebase_uid,
            user_type: row.user_type,
            role: row.role,
            status: row.status,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
            onboarding_completed_at: row.onboarding_completed_at,
            admin: row.admin_role.zip(row.admin_status),
            display_name: row.display_name,
            profile_completed_at: row.profile_completed_at,
            city: row.city,
            province: row.province,
            shop,
        }
    }
}
