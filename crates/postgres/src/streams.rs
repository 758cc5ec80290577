//! The table `streams`: what is told of lives elsewhere.

use avvivo_kernel::StreamId;

use crate::{Conn, DbError};

/// A live as a link to it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedStream {
    /// As it is announced.
    pub title: String,
    /// What its shop is called.
    pub shop_name: String,
    /// The shop's logo.
    pub shop_logo_url: Option<String>,
    /// The shop's cover.
    pub shop_cover_url: Option<String>,
}

/// A live with its shop, whatever became of it.
pub async fn find_shared(
    conn: &mut Conn,
    stream: StreamId,
) -> Result<Option<SharedStream>, DbError> {
    Ok(sqlx::query_as!(
        SharedStream,
        r#"
        SELECT l.title, s.name AS shop_name, s.logo_url AS shop_logo_url, s.cover_url AS shop_cover_url
        FROM streams AS l
        JOIN shops AS s ON s.id = l.shop_id
        WHERE l.id = $1
        "#,
        stream.as_uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
