//! The table `chat_conversations`.

use avvivo_domain::chat::{Conversation, ConversationStatus, Side, Standing};
use avvivo_kernel::{AccountId, ConversationId, ShopId, Timestamp};
use uuid::Uuid;

use crate::{Conn, DbError};

struct ConversationRow {
    id: Uuid,
    client_account_id: Uuid,
    shop_id: Uuid,
    shop_name: String,
    status: String,
    last_sequence: i64,
    client_read_to: i64,
    client_unread: i32,
    shop_read_to: i64,
    shop_unread: i32,
    last_message_preview: Option<String>,
    first_client_message_at: Option<Timestamp>,
    last_client_message_at: Option<Timestamp>,
    last_shop_message_at: Option<Timestamp>,
    first_shop_response_at: Option<Timestamp>,
    first_response_seconds: Option<i32>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: i64,
    // Of the shop as it is; all none when it is gone.
    card_name: Option<String>,
    card_logo_url: Option<String>,
    card_status: Option<String>,
    card_visibility: Option<String>,
    // Of the client.
    client_email: Option<String>,
    client_display_name: Option<String>,
    client_avatar_url: Option<String>,
}

/// A shop as conversations show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopCard {
    /// Which one.
    pub id: ShopId,
    /// Its name; the one it had when the conversation began, when it is gone.
    pub name: String,
    /// Its logo.
    pub logo_url: Option<String>,
    /// `HIDDEN` when it is gone.
    pub status: String,
    /// `HIDDEN` when it is gone.
    pub visibility: String,
    /// Whether it is gone.
    pub is_gone: bool,
}

/// A client as conversations show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// Their account.
    pub account: AccountId,
    /// Their e-mail.
    pub email: String,
    /// As they call themselves.
    pub display_name: Option<String>,
    /// Their picture.
    pub avatar_url: Option<String>,
}

/// Which of its versions a conversation was read in: every transaction that writes it makes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub(super) i64);

/// A conversation and both who take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The conversation.
    pub conversation: Conversation,
    /// As it was read.
    pub version: Version,
    /// Who sells.
    pub shop: ShopCard,
    /// Who buys.
    pub client: Counterpart,
}

impl TryFrom<ConversationRow> for Listed {
    type Error = DbError;

    fn try_from(row: ConversationRow) -> Result<Self, DbError> {
        let status = ConversationStatus::parse(&row.status)
            .ok_or_else(|| DbError::broken("chat_conversations", "status", row.id, &row.status))?;
        let is_gone = row.card_name.is_none();
        let hidden = || "HIDDEN".to_owned();
        Ok(Self {
            shop: ShopCard {
                id: row.shop_id.into(),
                name: row.card_name.unwrap_or(row.shop_name),
                logo_url: row.card_logo_url,
                status: row.card_status.unwrap_or_else(hidden),
                visibility: row.card_visibility.unwrap_or_else(hidden),
                is_gone,
            },
            client: Counterpart {
                account: row.client_account_id.into(),
                email: row.client_email.unwrap_or_default(),
                display_name: row.client_display_name,
                avatar_url: row.client_avatar_url,
            },
            version: Version(row.version),
            conversation: Conversation {
                id: row.id.into(),
                client: row.client_account_id.into(),
                shop: row.shop_id.into(),
                status,
                last_sequence: row.last_sequence,
                client_standing: Standing {
                    read_to: row.client_read_to,
                    unread: row.client_unread,
                },
                shop_standing: Standing {
                    read_to: row.shop_read_to,
                    unread: row.shop_unread,
                },
                last_message_preview: row.last_message_preview,
                first_client_message_at: row.first_client_message_at,
                last_client_message_at: row.last_client_message_at,
                last_shop_message_at: row.last_shop_message_at,
                first_shop_response_at: row.first_shop_response_at,
                first_response_seconds: row.first_response_seconds,
                created_at: row.created_at,
                updated_at: row.updated_at,
            },
        })
    }
}

/// Selects conversations, `c`, with their shop and client, by what follows the joins.
macro_rules! conversations {
    ($tail:literal $(, $argument:expr)* $(,)?) => {
        // What cannot be missing is said so: sqlx takes it from the plan, which depends on how the rows are found.
        sqlx::query_as!(
            ConversationRow,
            r#"
            SELECT
                c.id AS "id!",
                c.client_account_id AS "client_account_id!",
                c.shop_id AS "shop_id!",
                c.shop_name AS "shop_name!",
                c.status::text AS "status!",
                c.last_sequence AS "last_sequence!",
                c.client_read_to AS "client_read_to!",
                c.client_unread AS "client_unread!",
                c.shop_read_to AS "shop_read_to!",
                c.shop_unread AS "shop_unread!",
                c.last_message_preview,
                c.first_client_message_at,
                c.last_client_message_at,
                c.last_shop_message_at,
                c.first_shop_response_at,
                c.first_response_seconds,
                c.created_at AS "created_at!",
                c.updated_at AS "updated_at!",
                c.xmin::text::bigint AS "version!",
                s.name AS "card_name?",
                s.logo_url AS card_logo_url,
                s.status::text AS card_status,
                s.visibility::text AS card_visibility,
                a.email AS "client_email?",
                p.display_name AS client_display_name,
                p.avatar_url AS client_avatar_url
            FROM chat_conversations AS c
            LEFT JOIN shops AS s ON s.id = c.shop_id
            LEFT JOIN accounts AS a ON a.id = c.client_account_id
            LEFT JOIN clients AS p ON p.account_id = c.client_account_id
            "# + $tail
            $(, $argument)*
        )
    };
}

/// Which conversation, as seen by one who takes part: anybody else's is not there.
#[derive(Debug, Clone, Copy)]
pub enum Lookup {
    /// As the client.
    Client(AccountId),
    /// As the shop.
    Shop(ShopId),
}

impl Lookup {
    /// The side that looks.
    pub fn side(self) -> Side {
        match self {
            Self::Client(_) => Side::Client,
            Self::Shop(_) => Side::Shop,
        }
    }

    /// Whether they take part in it.
    pub fn takes_part_in(self, conversation: &Conversation) -> bool {
        match self {
            Self::Client(account) => conversation.client == account,
            Self::Shop(shop) => conversation.shop == shop,
        }
    }

    pub(super) fn columns(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Client(account) => (Some(account.as_uuid()), None),
            Self::Shop(shop) => (None, Some(shop.as_uuid())),
        }
    }
}

/// Conversations, whoever takes part in them.
pub async fn find_each(conn: &mut Conn, ids: &[ConversationId]) -> Result<Vec<Listed>, DbError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
    conversations!("WHERE c.id = ANY($1)", &ids)
        .fetch_all(conn)
        .await?
        .into_iter()
        .map(Listed::try_from)
        .collect()
}

/// A conversation of `who`, locked until the transaction ends.
pub async fn find_for_update(
    conn: &mut Conn,
    id: ConversationId,
    who: Lookup,
) -> Result<Option<Listed>, DbError> {
    let (client, shop) = who.columns();
    let row = conversations!(
        "
        WHERE c.id = $1 AND ($2::uuid IS NULL OR c.client_account_id = $2) AND ($3::uuid IS NULL OR c.shop_id = $3)
        FOR UPDATE OF c
        ",
        id.as_uuid(),
        client,
        shop,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Listed::try_from).transpose()
}

/// The conversation of a client with a shop, locked until the transaction ends.
pub async fn find_by_pair_for_update(
    conn: &mut Conn,
    client: AccountId,
    shop: ShopId,
) -> Result<Option<Listed>, DbError> {
    let row = conversations!(
        "WHERE c.client_account_id = $1 AND c.shop_id = $2 FOR UPDATE OF c",
        client.as_uuid(),
        shop.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Listed::try_from).transpose()
}

/// A client's conversations, the liveliest first.
pub async fn list_for_client(
    conn: &mut Conn,
    client: AccountId,
    limit: i64,
) -> Result<Vec<Listed>, DbError> {
    conversations!(
        "WHERE c.client_account_id = $1 ORDER BY c.updated_at DESC, c.id DESC LIMIT $2",
        client.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Listed::try_from)
    .collect()
}

/// A shop's conversations, the liveliest first.
pub async fn list_for_shop(
    conn: &mut Conn,
    shop: ShopId,
    limit: i64,
) -> Result<Vec<Listed>, DbError> {
    conversations!(
        "WHERE c.shop_id = $1 ORDER BY c.updated_at DESC, c.id DESC LIMIT $2",
        shop.as_uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Listed::try_from)
    .collect()
}

/// A shop as conversations show it; none when it is gone.
pub async fn find_shop_card(conn: &mut Conn, shop: ShopId) -> Result<Option<ShopCard>, DbError> {
    let row = sqlx::query!(
        r#"
        SELECT name, logo_url, status::text AS "status!", visibility::text AS "visibility!"
        FROM shops
        WHERE id = $1
        "#,
        shop.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ShopCard {
        id: shop,
        name: row.name,
        logo_url: row.logo_url,
        status: row.status,
        visibility: row.visibility,
        is_gone: false,
    }))
}

/// Begins a conversation unless there is one, or no such shop.
pub async fn ensure(
    conn: &mut Conn,
    id: ConversationId,
    (client, shop): (AccountId, ShopId),
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query!(
        r#"
        INSERT INTO chat_conversations (id, client_account_id, shop_id, shop_name, created_at, updated_at)
        SELECT $1, $2, s.id, s.name, $4, $4
        FROM shops AS s
        WHERE s.id = $3
        ON CONFLICT (client_account_id, shop_id) DO NOTHING
        "#,
        id.as_uuid(),
        client.as_uuid(),
        shop.as_uuid(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes where a side stands, over a locked conversation.
pub async fn set_standing(
    conn: &mut Conn,
    id: ConversationId,
    side: Side,
    standing: Standing,
) -> Result<(), DbError> {
    match side {
        Side::Client => sqlx::query!(
            "UPDATE chat_conversations SET client_read_to = $2, client_unread = $3 WHERE id = $1",
            id.as_uuid(),
            standing.read_to,
            standing.unread,
        )
        .execute(conn)
        .await?,
        Side::Shop => {
            sqlx::query!(
                "UPDATE chat_conversations SET shop_read_to = $2, shop_unread = $3 WHERE id = $1",
                id.as_uuid(),
                standing.read_to,
                standing.unread,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(())
}
