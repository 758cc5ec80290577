//! Signing keys and people on disk, so that tokens and accounts outlive a restart.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The tables, step by step.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE issuer_keys (
        kid TEXT PRIMARY KEY,
        style TEXT NOT NULL,
        pem TEXT NOT NULL,
        -- Microseconds since 1970; NULL while the key signs.
        published_until INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX issuer_keys_current ON issuer_keys (style) WHERE published_until IS NULL;
",
    "
    CREATE TABLE issuer_accounts (
        project TEXT NOT NULL,
        uid TEXT NOT NULL,
        email TEXT NOT NULL,
        email_verified INTEGER NOT NULL,
        disabled INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (project, uid)
    ) STRICT;
    CREATE UNIQUE INDEX issuer_accounts_email ON issuer_accounts (project, email);
    CREATE TABLE issuer_codes (
        code TEXT PRIMARY KEY,
        project TEXT NOT NULL,
        email TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX issuer_codes_expires_at ON issuer_codes (expires_at);
",
];

/// A key as it was left.
pub(super) struct KeyRow {
    pub(super) style: String,
    pub(super) kid: String,
    pub(super) pem: String,
    pub(super) published_until: Option<DateTime<Utc>>,
}

/// Whether rows are kept in a file.
pub(super) fn outlive_the_process(connection: &Connection) -> bool {
    connection.path().is_some_and(|path| !path.is_empty())
}

/// Keys that still matter, after forgetting those that do not.
pub(super) fn keys(connection: &Connection, now: DateTime<Utc>) -> rusqlite::Result<Vec<KeyRow>> {
    connection.execute(
        "DELETE FROM issuer_keys WHERE published_until <= ?1",
        [now.timestamp_micros()],
    )?;
    let mut statement =
        connection.prepare("SELECT style, kid, pem, published_until FROM issuer_keys")?;
    let rows = statement.query_map([], |row| {
        let until: Option<i64> = row.get(3)?;
        Ok(KeyRow {
            style: row.get(0)?,
            kid: row.get(1)?,
            pem: row.get(2)?,
            published_until: until.and_then(DateTime::from_timestamp_micros),
        })
    })?;
    rows.collect()
}

/// Retires the signing key of a style, if there is one, and puts another in its place.
pub(super) fn replace(
    connection: &Connection,
    key: &KeyRow,
    former_until: DateTime<Utc>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE issuer_keys SET published_until = ?2 WHERE style = ?1 AND published_until IS NULL")?
        .execute(params![key.style, former_until.timestamp_micros()])?;
    connection
        .prepare_cached("INSERT INTO issuer_keys (kid, style, pem) VALUES (?1, ?2, ?3)")?
        .execute(params![key.kid, key.style, key.pem])
        .map(drop)
}

/// Somebody as they were left.
pub(super) struct AccountRow {
    pub(super) uid: String,
    pub(super) email: String,
    pub(super) email_verified: bool,
    pub(super) disabled: bool,
    pub(super) created_at: DateTime<Utc>,
}

/// What became of a new account.
pub(super) enum Made {
    Kept,
    EmailTaken,
    UidTaken,
}

/// Keeps an account, unless its address or its id is somebody's.
pub(super) fn make_account(
    connection: &Connection,
    project: &str,
    account: &AccountRow,
) -> rusqlite::Result<Made> {
    if account_of(connection, project, &account.email)?.is_some() {
        return Ok(Made::EmailTaken);
    }
    let rows = connection
        .prepare_cached(
            "INSERT INTO issuer_accounts (project, uid, email, email_verified, disabled, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            project,
            account.uid,
            account.email,
            account.email_verified,
            account.disabled,
            account.created_at.timestamp_micros()
        ])?;
    Ok(if rows == 0 {
        Made::UidTaken
    } else {
        Made::Kept
    })
}

/// The accounts with these addresses or ids, each once.
pub(super) fn accounts(
    connection: &Connection,
    project: &str,
    emails: &[String],
    uids: &[String],
) -> rusqlite::Result<Vec<AccountRow>> {
    let mut found = Vec::new();
    for email in emails {
        found.extend(account_of(connection, project, email)?);
    }
    let mut by_uid = connection.prepare_cached(
        "SELECT uid, email, email_verified, disabled, created_at FROM issuer_accounts WHERE project = ?1 AND uid = ?2",
    )?;
    for uid in uids {
        found.extend(by_uid.query_row([project, uid], account).optional()?);
    }
    found.sort_unstable_by(|one: &AccountRow, other| one.uid.cmp(&other.uid));
    found.dedup_by(|one, other| one.uid == other.uid);
    Ok(found)
}

fn account_of(
    connection: &Connection,
    project: &str,
    email: &str,
) -> rusqlite::Result<Option<AccountRow>> {
    connection
        .prepare_cached(
            "SELECT uid, email, email_verified, disabled, created_at
             FROM issuer_accounts WHERE project = ?1 AND email = ?2",
        )?
        .query_row([project, email], account)
        .optional()
}

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    let created_at: i64 = row.get(4)?;
    Ok(AccountRow {
        uid: row.get(0)?,
        email: row.get(1)?,
        email_verified: row.get(2)?,
        disabled: row.get(3)?,
        created_at: DateTime::from_timestamp_micros(created_at).unwrap_or_default(),
    })
}

/// A link that was given out.
pub(super) struct CodeRow {
    pub(super) code: String,
    pub(super) project: String,
    pub(super) email: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// Keeps a code for whoever has its address, if somebody may be let in there, after forgetting those whose time is over.
pub(super) fn keep_code(
    connection: &Connection,
    code: &CodeRow,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<AccountRow>> {
    connection
        .prepare_cached("DELETE FROM issuer_codes WHERE expires_at <= ?1")?
        .execute([now.timestamp_micros()])?;
    let account = account_of(connection, &code.project, &code.email)?;
    if account.as_ref().is_some_and(|account| !account.disabled) {
        connection
            .prepare_cached(
                "INSERT INTO issuer_codes (code, project, email, expires_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                code.code,
                code.project,
                code.email,
                code.expires_at.timestamp_micros()
            ])?;
    }
    Ok(account)
}

/// Spends a code, which verifies its address. Whether there was one whose time is not over.
pub(super) fn redeem_code(
    connection: &Connection,
    code: &str,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let verified = connection
        .prepare_cached(
            "UPDATE issuer_accounts SET email_verified = 1
             WHERE (project, email) IN (SELECT project, email FROM issuer_codes WHERE code = ?1 AND expires_at > ?2)",
        )?
        .execute(params![code, now.timestamp_micros()])?;
    connection
        .prepare_cached("DELETE FROM issuer_codes WHERE code = ?1")?
        .execute([code])?;
    Ok(verified > 0)
}
