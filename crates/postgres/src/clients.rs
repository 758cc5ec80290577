//! The table `clients`: the profiles of buyers; and what a buyer has done, in ids.

use avvivo_domain::clients::Client;
use avvivo_kernel::{AccountId, ReelId, ShopId, StreamId, Timestamp};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::{Conn, DbError};

/// The constraint that gives a user name to one person.
pub const USERNAME_KEY: &str = "clients_username_key";

struct ProfileRow {
    account_id: Uuid,
    email: String,
    display_name: Option<String>,
    username: Option<String>,
    avatar_url: Option<String>,
    phone: Option<String>,
    city: Option<String>,
    province: Option<String>,
    instagram_handle: Option<String>,
    onboarding_terms_accepted_at: Option<Timestamp>,
    birth_date: Option<NaiveDate>,
    style_tags: Vec<String>,
    marketing_opt_in: bool,
    profile_completed_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// A profile, with the address of its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What is kept of the buyer.
    pub client: Client,
    /// The account's address.
    pub email: String,
}

/// Selects profiles, `c`, with their account, by what follows the join.
macro_rules! profiles {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            ProfileRow,
            r#"
            SELECT
                c.account_id,
                a.email,
                c.display_name,
                c.username,
                c.avatar_url,
                c.phone,
                c.city,
                c.province,
                c.instagram_handle,
                c.onboarding_terms_accepted_at,
                c.birth_date,
                c.style_tags,
                c.marketing_opt_in,
                c.profile_completed_at,
                c.last_seen_at,
                c.created_at,
                c.updated_at
            FROM clients AS c
            INNER JOIN accounts AS a ON a.id = c.account_id
            "# + $tail
            $(, $argument)*
        )
    };
}

/// A buyer's profile.
pub async fn find(conn: &mut Conn, account: AccountId) -> Result<Option<Profile>, DbError> {
    let row = profiles!("WHERE c.account_id = $1", account.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Profile::from))
}

/// A buyer's profile, locked until the transaction ends.
pub async fn find_for_update(
    conn: &mut Conn,
    account: AccountId,
) -> Result<Option<Profile>, DbError> {
    let row = profiles!("WHERE c.account_id = $1 FOR UPDATE OF c", account.as_uuid())
        .fetch_optional(conn)
        .await?;
    Ok(row.map(Profile::from))
}

/// Begins a profile, unless there is one.
pub async fn ensure(conn: &mut Conn, account: AccountId, now: Timestamp) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO clients (account_id, last_seen_at, created_at, updated_at)
        VALUES ($1, $2, $2, $2)
        ON CONFLICT (account_id) DO NOTHING
        "#,
        account.as_uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes the whole profile. A user name that is somebody else's violates [`USERNAME_KEY`].
pub async fn save(conn: &mut Conn, client: &Client) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE clients
        SET
            display_name = $2,
            username = $3,
            avatar_url = $4,
            phone = $5,
            city = $6,
            province = $7,
            instagram_handle = $8,
            onboarding_terms_accepted_at = $9,
            birth_date = $10,
            style_tags = $11,
            marketing_opt_in = $12,
            profile_completed_at = $13,
            last_seen_at = $14,
            updated_at = $15
        WHERE account_id = $1
        "#,
        client.account_id.as_uuid(),
        client.display_name,
        client.username,
        client.avatar_url,
        client.phone,
        client.city,
        client.province,
        client.instagram_handle,
        client.terms_accepted_at,
        client.birth_date,
        &client.style_tags,
        client.marketing_opt_in,
        client.profile_completed_at,
        client.last_seen_at,
        client.updated_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a buyer keeps, wants to be reminded of, has seen and likes, the newest of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Shops.
    pub favorites: Vec<ShopId>,
    /// Lives, what comes next first.
    pub reminders: Vec<StreamId>,
    /// Reels.
    pub viewed_reels: Vec<ReelId>,
    /// Lives.
    pub likes: Vec<StreamId>,
    /// How many notifications are unread.
    pub unread_notifications: i64,
    /// Whether there is a profile.
    pub has_profile: bool,
}

/// All of a buyer's marks in one statement, at most `limit` of each.
pub async fn marks(conn: &mut Conn, account: AccountId, limit: i64) -> Result<Marks, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT
            ARRAY(
                SELECT shop_id FROM favorites
                WHERE account_id = $1 ORDER BY created_at DESC, shop_id DESC LIMIT $2
            ) AS "favorites!",
            ARRAY(
                SELECT stream_id FROM reminders
                WHERE account_id = $1 AND status = 'ACTIVE' ORDER BY notify_at, stream_id LIMIT $2
            ) AS "reminders!",
            -- Ids begin with the time at which they were drawn.
            ARRAY(
                SELECT reel_id FROM reel_views WHERE account_id = $1 ORDER BY reel_id DESC LIMIT $2
            ) AS "viewed_reels!",
            ARRAY(
                SELECT stream_id FROM stream_likes WHERE account_id = $1 ORDER BY stream_id DESC LIMIT $2
            ) AS "likes!",
            (
                SELECT count(*) FROM notifications
                WHERE account_id = $1 AND NOT read AND status IN ('QUEUED', 'SENT')
            ) AS "unread!",
            EXISTS (SELECT 1 FROM clients WHERE account_id = $1) AS "has_profile!"
        "#,
        account.as_uuid(),
        limit,
    )
    .fetch_one(conn)
    .await?;
    Ok(Marks {
        favorites: row.favorites.into_iter().map(ShopId::from).collect(),
        reminders: row.reminders.into_iter().map(StreamId::from).collect(),
        viewed_reels: row.viewed_reels.into_iter().map(ReelId::from).collect(),
        likes: row.likes.into_iter().map(StreamId::from).collect(),
        unread_notifications: row.unread,
        has_profile: row.has_profile,
    })
}

impl From<ProfileRow> for Profile {
    fn from(row: ProfileRow) -> Self {
        Self {
            email: row.email,
            client: Client {
                account_id: row.account_id.into(),
                display_name: row.display_name,
                username: row.username,
                avatar_url: row.avatar_url,
                phone: row.phone,
                city: row.city,
                province: row.province,
                instagram_handle: row.instagram_handle,
                terms_accepted_at: row.onboarding_terms_accepted_at,
                birth_date: row.birth_date,
                style_tags: row.style_tags,
                marketing_opt_in: row.marketing_opt_in,
                profile_completed_at: row.profile_completed_at,
                last_seen_at: row.last_seen_at,
                created_at: row.created_at,
                updated_at: row.updated_at,
            },
        }
    }
}
