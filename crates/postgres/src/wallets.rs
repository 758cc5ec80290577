//! Quota wallets and their ledger.

use std::collections::HashMap;

use avvivo_domain::{
    quota::{LiveWallet, ReelWallet, Slot, Wallet},
    shops::purchase::Pack,
};
use avvivo_kernel::{AccountId, ReelId, ShopId, Timestamp, time::business_day};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::{
    Conn, DbError,
    counts::{counted, stored},
    purchases::Purchase,
};

/// Times that a wallet is looked for. It goes with its shop, so who finds it gone makes it again, and hears that the shop is.
const LOOKS: usize = 2;

/// The reel half of a shop's wallet, locked until the transaction ends; made when there is none.
pub async fn lock_reels(conn: &mut Conn, shop: ShopId) -> Result<ReelWallet, DbError> {
    for _ in 0..LOOKS {
        make(conn, shop).await?;
        // What was there a moment ago may be deleted by whoever is waited for here.
        if let Some(wallet) = find_reels_for_update(conn, shop).await? {
            return Ok(wallet);
        }
    }
    Err(sqlx::Error::RowNotFound.into())
}

async fn make(conn: &mut Conn, shop: ShopId) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO quota_wallets (shop_id) VALUES ($1) ON CONFLICT DO NOTHING",
        shop.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn find_reels_for_update(
    conn: &mut Conn,
    shop: ShopId,
) -> Result<Option<ReelWallet>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT reel_daily_limit, reel_daily_used, reel_day, reel_extra_balance
        FROM quota_wallets
        WHERE shop_id = $1
        FOR UPDATE
        "#,
        shop.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let count = |column, value| counted(("quota_wallets", column), shop, value);
    Ok(Some(ReelWallet {
        daily_limit: count("reel_daily_limit", row.reel_daily_limit)?,
        daily_used: count("reel_daily_used", row.reel_daily_used)?,
        day: row.reel_day,
        extra_balance: count("reel_extra_balance", row.reel_extra_balance)?,
    }))
}

/// Stores the reel half of a wallet that is locked.
pub async fn set_reels(conn: &mut Conn, shop: ShopId, wallet: &ReelWallet) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        UPDATE quota_wallets
        SET reel_daily_limit = $2, reel_daily_used = $3, reel_day = $4, reel_extra_balance = $5
        WHERE shop_id = $1
        "#,
        shop.as_uuid(),
        stored(wallet.daily_limit),
        stored(wallet.daily_used),
        wallet.day,
        stored(wallet.extra_balance),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct WalletRow {
    shop_id: Uuid,
    weekly_live_base_limit: i32,
    weekly_live_used: i32,
    weekly_live_week: Option<NaiveDate>,
    live_extra_balance: i32,
    reel_daily_limit: i32,
    reel_daily_used: i32,
    reel_day: Option<NaiveDate>,
    reel_extra_balance: i32,
}

impl TryFrom<WalletRow> for Wallet {
    type Error = DbError;

    fn try_from(row: WalletRow) -> Result<Self, DbError> {
        let count = |column, value| counted(("quota_wallets", column), row.shop_id, value);
        Ok(Self {
            lives: LiveWallet {
                weekly_limit: count("weekly_live_base_limit", row.weekly_live_base_limit)?,
                weekly_used: count("weekly_live_used", row.weekly_live_used)?,
                week: row.weekly_live_week,
                extra_balance: count("live_extra_balance", row.live_extra_balance)?,
            },
            reels: ReelWallet {
                daily_limit: count("reel_daily_limit", row.reel_daily_limit)?,
                daily_used: count("reel_daily_used", row.reel_daily_used)?,
                day: row.reel_day,
                extra_balance: count("reel_extra_balance", row.reel_extra_balance)?,
            },
        })
    }
}

/// Selects whole wallets by what follows the table.
macro_rules! wallets {
    ($tail:literal, $argument:expr) => {
        sqlx::query_as!(
            WalletRow,
            r#"
            SELECT
                shop_id, weekly_live_base_limit, weekly_live_used, weekly_live_week, live_extra_balance,
                reel_daily_limit, reel_daily_used, reel_day, reel_extra_balance
            FROM quota_wallets
            "# + $tail,
            $argument
        )
    };
}

/// A shop's whole wallet, locked until the transaction ends; none when it has none yet.
pub async fn lock(conn: &mut Conn, shop: ShopId) -> Result<Option<Wallet>, DbError> {
    let row = wallets!("WHERE shop_id = $1 FOR UPDATE", shop.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(Wallet::try_from).transpose()
}

/// The wallets of these shops, those that have one, as they are stored.
pub async fn list(conn: &mut Conn, shops: &[ShopId]) -> Result<HashMap<ShopId, Wallet>, DbError> {
    let ids: Vec<Uuid> = shops.iter().map(|shop| shop.as_uuid()).collect();
    let rows = wallets!("WHERE shop_id = ANY($1)", &ids)
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.shop_id.into(), row.try_into()?)))
        .collect()
}

/// Stores a shop's whole wallet; the shop is locked, so nobody else makes one meanwhile.
pub async fn save(conn: &mut Conn, shop: ShopId, wallet: &Wallet) -> Result<(), DbError> {
    let Wallet { lives, reels } = wallet;
    sqlx::query!(
        r#"
        INSERT INTO quota_wallets (
            shop_id, weekly_live_base_limit, weekly_live_used, weekly_live_week, live_extra_balance, reel_daily_limit,
            reel_daily_used, reel_day, reel_extra_balance
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (shop_id) DO UPDATE
        SET
            weekly_live_base_limit = EXCLUDED.weekly_live_base_limit,
            weekly_live_used = EXCLUDED.weekly_live_used,
            weekly_live_week = EXCLUDED.weekly_live_week,
            live_extra_balance = EXCLUDED.live_extra_balance,
            reel_daily_limit = EXCLUDED.reel_daily_limit,
            reel_daily_used = EXCLUDED.reel_daily_used,
            reel_day = EXCLUDED.reel_day,
            reel_extra_balance = EXCLUDED.reel_extra_balance
        "#,
        shop.as_uuid(),
        stored(lives.weekly_limit),
        stored(lives.weekly_used),
        lives.week,
        stored(lives.extra_balance),
        stored(reels.daily_limit),
        stored(reels.daily_used),
        reels.day,
        stored(reels.extra_balance),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes into the ledger what an administrator credited.
pub async fn insert_purchase(
    conn: &mut Conn,
    entry: Uuid,
    purchase: &Purchase,
    by: AccountId,
) -> Result<(), DbError> {
    let resource = match purchase.pack {
        Pack::Lives => "LIVE",
        Pack::Reels => "REEL",
    };
    sqlx::query!(
        r#"
        INSERT INTO quota_ledger (
            id, shop_id, resource, direction, amount, reason, ref_type, ref_id, actor_type, actor_id, business_day,
            created_at
        )
        VALUES (
            $1, $2, $3::text::quota_resource, 'CREDIT', $4, 'PURCHASE', 'PURCHASE', $5, 'ADMIN', $6, $7, $8
        )
        "#,
        entry,
        purchase.shop.as_uuid(),
        resource,
        stored(purchase.quantity),
        purchase.id,
        by.as_uuid(),
        business_day(purchase.created_at),
        purchase.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A reel's charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// What it was paid with.
    pub slot: Slot,
    /// The business day it was paid on.
    pub day: NaiveDate,
}

/// Writes that a reel was charged, and says whether it was: the second time nothing happens.
pub async fn insert_charge(
    conn: &mut Conn,
    entry: Uuid,
    (shop, reel): (ShopId, ReelId),
    charge: Charge,
    now: Timestamp,
) -> Result<bool, DbError> {
    insert_entry(
        conn,
        entry,
        (shop, reel),
        charge,
        ("DEBIT", "SHOP", Some(shop.as_uuid())),
        now,
    )
    .await
}

/// Writes that a reel's charge was given back, and says whether it was: the second time nothing happens.
pub async fn insert_refund(
    conn: &mut Conn,
    entry: Uuid,
    (shop, reel): (ShopId, ReelId),
    charge: Charge,
    now: Timestamp,
) -> Result<bool, DbError> {
    insert_entry(
        conn,
        entry,
        (shop, reel),
        charge,
        ("CREDIT", "SYSTEM", None),
        now,
    )
    .await
}

async fn insert_entry(
    conn: &mut Conn,
    entry: Uuid,
    (shop, reel): (ShopId, ReelId),
    charge: Charge,
    (direction, actor_type, actor): (&str, &str, Option<Uuid>),
    now: Timestamp,
) -> Result<bool, DbError> {
    let reason = match charge.slot {
        Slot::Base => "PLAN_BASE",
        Slot::Extra => "PURCHASE",
    };
    let done = sqlx::query!(
        r#"
        INSERT INTO quota_ledger (
            id, shop_id, resource, direction, amount, reason, ref_type, ref_id, actor_type, actor_id, business_day,
            created_at
        )
        VALUES (
            $1, $2, 'REEL', $3::text::quota_direction, 1, $4::text::quota_reason, 'SYSTEM', $5,
            $6::text::quota_actor_type, $7, $8, $9
        )
        ON CONFLICT ON CONSTRAINT quota_ledger_once_per_reference DO NOTHING
        "#,
        entry,
        shop.as_uuid(),
        direction,
        reason,
        reel.as_uuid(),
        actor_type,
        actor,
        charge.day,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a reel was charged; none for reels that an administrator gave away.
pub async fn find_charge(conn: &mut Conn, reel: ReelId) -> Result<Option<Charge>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT reason::text AS "reason!", business_day
        FROM quota_ledger
        WHERE ref_id = $1 AND resource = 'REEL' AND direction = 'DEBIT'
        "#,
        reel.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Charge {
        slot: if row.reason == "PURCHASE" {
            Slot::Extra
        } else {
            Slot::Base
        },
        day: row.business_day,
    }))
}
