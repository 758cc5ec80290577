//! Shops in numbers, in the order of their names; contacts and ratings come with them, in the same query.

use avvivo_domain::shops::{Shop, lists::Page};
use avvivo_kernel::ShopId;

use super::{
    ListedShop,
    row::{ShopRow, shops},
};
use crate::{Conn, DbError};

/// Whose shops of a letter are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// Those that everybody sees.
    Public,
    /// All there are.
    All,
}

/// The shops that everybody sees; [`avvivo_domain::shops::view::is_public`] says the same.
pub async fn list_public(conn: &mut Conn, page: Page) -> Result<Vec<ListedShop>, DbError> {
    let Some(limit) = page.limit else {
        return list_all_public(conn).await;
    };
    let rows = shops!(
        r#"
        -- Which they are first: of those that are passed over nothing else is read.
        INNER JOIN unnest(ARRAY(
            SELECT p.id
            FROM shops AS p
            WHERE
                p.active AND p.status = 'ACTIVE' AND p.verification = 'VERIFIED' AND p.visibility IN ('LIT', 'DIMMED')
            ORDER BY coalesce(p.normalized_name, p.name) COLLATE "C", p.id
            LIMIT $1
            OFFSET $2
        )) WITH ORDINALITY AS page (id, place) ON page.id = s.id
        ORDER BY page.place
        "#,
        i64::from(limit),
        i64::from(page.offset),
    )
    .fetch_all(conn)
    .await?;
    listed(rows)
}

async fn list_all_public(conn: &mut Conn) -> Result<Vec<ListedShop>, DbError> {
    let rows = shops!(
        r#"
        WHERE
            s.active AND s.status = 'ACTIVE' AND s.verification = 'VERIFIED' AND s.visibility IN ('LIT', 'DIMMED')
        ORDER BY coalesce(s.normalized_name, s.name) COLLATE "C", s.id
        "#
    )
    .fetch_all(conn)
    .await?;
    listed(rows)
}

/// How many those are.
pub async fn count_public(conn: &mut Conn) -> Result<u32, DbError> {
    let count = sqlx::query_scalar!(
        r#"
        SELECT count(*) AS "count!"
        FROM shops AS s
        WHERE
            s.active AND s.status = 'ACTIVE' AND s.verification = 'VERIFIED' AND s.visibility IN ('LIT', 'DIMMED')
        "#
    )
    .fetch_one(conn)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// All shops in whatever state.
pub async fn list_all(conn: &mut Conn, page: Page) -> Result<Vec<ListedShop>, DbError> {
    let rows = shops!(
        r#"
        INNER JOIN unnest(ARRAY(
            SELECT p.id
            FROM shops AS p
            ORDER BY coalesce(p.normalized_name, p.name) COLLATE "C", p.id
            LIMIT $1
            OFFSET $2
        )) WITH ORDINALITY AS page (id, place) ON page.id = s.id
        ORDER BY page.place
        "#,
        page.limit.map(i64::from),
        i64::from(page.offset),
    )
    .fetch_all(conn)
    .await?;
    listed(rows)
}

/// The shops whose name begins with `letter`, of A to Z, in either case and without an accent.
pub async fn list_letter(
    conn: &mut Conn,
    among: Among,
    letter: char,
    page: Page,
) -> Result<Vec<ListedShop>, DbError> {
    let rows = shops!(
        r#"
        INNER JOIN unnest(ARRAY(
            SELECT p.id
            FROM shops AS p
            WHERE
                upper(left(p.name, 1) COLLATE "C") = $1
                AND (
                    $2
                    OR (
                        p.active
                        AND p.status = 'ACTIVE'
                        AND p.verification = 'VERIFIED'
                        AND p.visibility IN ('LIT', 'DIMMED')
                    )
                )
            ORDER BY coalesce(p.normalized_name, p.name) COLLATE "C", p.id
            LIMIT $3
            OFFSET $4
        )) WITH ORDINALITY AS page (id, place) ON page.id = s.id
        ORDER BY page.place
        "#,
        letter.to_string(),
        among == Among::All,
        page.limit.map(i64::from),
        i64::from(page.offset),
    )
    .fetch_all(conn)
    .await?;
    listed(rows)
}

/// One shop, with its rating.
pub async fn find(conn: &mut Conn, id: ShopId) -> Result<Option<ListedShop>, DbError> {
    let row = shops!("WHERE s.id = $1", id.as_uuid())
        .fetch_optional(conn)
        .await?;
    row.map(ListedShop::try_from).transpose()
}

/// One shop, locked until the transaction ends. What refers to it may still be written.
pub async fn find_for_update(conn: &mut Conn, id: ShopId) -> Result<Option<Shop>, DbError> {
    // In a statement before: one that waited for the lock would see the shop as it is, and its handles and telephones as they
    // were when it began to wait.
    sqlx::query!(
        "SELECT id FROM shops WHERE id = $1 FOR NO KEY UPDATE",
        id.as_uuid()
    )
    .fetch_optional(&mut *conn)
    .await?;
    let found = find(conn, id).await?;
    Ok(found.map(|found| found.shop))
}

/// Whether a shop has this address for everybody.
pub async fn email_exists(conn: &mut Conn, email: &str) -> Result<bool, DbError> {
    let exists = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM shops WHERE email = $1) AS "exists!""#,
        email,
    )
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

/// Whether a shop has this tax number, in eleven digits.
pub async fn cuit_exists(conn: &mut Conn, cuit: &str) -> Result<bool, DbError> {
    let exists = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM shops WHERE cuit = $1) AS "exists!""#,
        cuit,
    )
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

fn listed(rows: Vec<ShopRow>) -> Result<Vec<ListedShop>, DbError> {
    rows.into_iter().map(ListedShop::try_from).collect()
}
