//! What the map said about addresses.

use avvivo_kernel::Timestamp;

use crate::{Conn, DbError};

/// What the map said once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Looked {
    /// Latitude and longitude; none where it does not know the address.
    pub point: Option<(f64, f64)>,
    /// When it said so.
    pub at: Timestamp,
}

/// What it said about an address, as that is compared.
pub async fn find(conn: &mut Conn, address: &str) -> Result<Option<Looked>, DbError> {
    let row = sqlx::query!(
        "SELECT lat, lng, looked_up_at FROM places WHERE address = $1",
        address
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Looked {
        point: row.lat.zip(row.lng),
        at: row.looked_up_at,
    }))
}

/// Keeps what it says now.
pub async fn keep(conn: &mut Conn, address: &str, looked: Looked) -> Result<(), DbError> {
    let (lat, lng) = looked.point.unzip();
    sqlx::query!(
        r#"
        INSERT INTO places (address, lat, lng, looked_up_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (address) DO UPDATE
        SET lat = EXCLUDED.lat, lng = EXCLUDED.lng, looked_up_at = EXCLUDED.looked_up_at
        "#,
        address,
        lat,
        lng,
        looked.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
