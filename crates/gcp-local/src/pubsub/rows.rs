//! All SQL of Pub/Sub. A message is stored once; `pubsub_backlog` says which subscriptions still
//! have to settle it, and the last of them deletes it.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::message::{Message, MessageId};

/// A subscription's row id. Never reused, so that leftovers of a deleted one cannot come back.
pub(super) type SubscriptionId = i64;

pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE pubsub_topics (
        name TEXT PRIMARY KEY,
        config TEXT NOT NULL
    ) STRICT;
    CREATE TABLE pubsub_subscriptions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        config TEXT NOT NULL
    ) STRICT;
    CREATE TABLE pubsub_messages (
        id INTEGER PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE pubsub_backlog (
        message INTEGER NOT NULL,
        subscription INTEGER NOT NULL,
        PRIMARY KEY (message, subscription)
    ) STRICT, WITHOUT ROWID;
"];

/// Answers whether the name was free.
pub(super) fn insert_topic(db: &Connection, name: &str, config: &str) -> rusqlite::Result<bool> {
    let inserted = db
        .prepare_cached(
            "INSERT INTO pubsub_topics (name, config) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute((name, config))?;
    Ok(inserted > 0)
}

pub(super) fn update_topic(db: &Connection, name: &str, config: &str) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE pubsub_topics SET config = ?2 WHERE name = ?1")?
        .execute((name, config))
        .map(drop)
}

pub(super) fn delete_topic(db: &Connection, name: &str) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM pubsub_topics WHERE name = ?1")?
        .execute([name])
        .map(drop)
}

pub(super) fn list_topics(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare("SELECT name, config FROM pubsub_topics")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Answers the new row's id, or `None` when the name is taken.
pub(super) fn insert_subscription(
    db: &Connection,
    name: &str,
    config: &str,
) -> rusqlite::Result<Option<SubscriptionId>> {
    db.prepare_cached(
        "INSERT INTO pubsub_subscriptions (name, config) VALUES (?1, ?2)
         ON CONFLICT DO NOTHING RETURNING id",
    )?
    .query_row((name, config), |row| row.get(0))
    .optional()
}

pub(super) fn update_subscription(
    db: &Connection,
    id: SubscriptionId,
    config: &str,
) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE pubsub_subscriptions SET config = ?2 WHERE id = ?1")?
        .execute((id, config))
        .map(drop)
}

pub(super) fn delete_subscription(db: &Connection, id: SubscriptionId) -> rusqlite::Result<()> {
    db.execute("DELETE FROM pubsub_subscriptions WHERE id = ?1", [id])?;
    delete_leftovers(db)
}

pub(super) struct SubscriptionRow {
    pub(super) id: SubscriptionId,
    pub(super) name: String,
    pub(super) config: String,
}

pub(super) fn list_subscriptions(db: &Connection) -> rusqlite::Result<Vec<SubscriptionRow>> {
    db.prepare("SELECT id, name, config FROM pubsub_subscriptions ORDER BY id")?
        .query_map([], |row| {
            Ok(SubscriptionRow {
                id: row.get(0)?,
                name: row.get(1)?,
                config: row.get(2)?,
            })
        })?
        .collect()
}

pub(super) fn insert_message(db: &Connection, message: &Message) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO pubsub_messages (id, body) VALUES (?1, ?2)")?
        .execute((message.id, message.to_row()))
        .map(drop)
}

pub(super) fn insert_backlog(
    db: &Connection,
    message: MessageId,
    subscription: SubscriptionId,
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO pubsub_backlog (message, subscription) VALUES (?1, ?2)")?
        .execute((message, subscription))
        .map(drop)
}

/// Takes messages off a subscription's backlog, and deletes those that nobody else waits for.
pub(super) fn settle(
    db: &Connection,
    subscription: SubscriptionId,
    messages: &[MessageId],
) -> rusqlite::Result<()> {
    let mut take_off =
        db.prepare_cached("DELETE FROM pubsub_backlog WHERE message = ?1 AND subscription = ?2")?;
    let mut delete = db.prepare_cached(
        "DELETE FROM pubsub_messages WHERE id = ?1
         AND NOT EXISTS (SELECT 1 FROM pubsub_backlog WHERE message = ?1)",
    )?;
    for message in messages {
        take_off.execute((message, subscription))?;
        delete.execute([message])?;
    }
    Ok(())
}

/// What a publish in the same commit as a subscription's end left behind, and what it had.
pub(super) fn delete_leftovers(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "DELETE FROM pubsub_backlog
         WHERE subscription NOT IN (SELECT id FROM pubsub_subscriptions);
         DELETE FROM pubsub_messages
         WHERE id NOT IN (SELECT message FROM pubsub_backlog);",
    )
}

/// All messages, oldest first, each with the subscriptions that wait for it.
pub(super) fn list_backlog(
    db: &Connection,
) -> rusqlite::Result<Vec<(Arc<Message>, Vec<SubscriptionId>)>> {
    let mut backlog: Vec<(Arc<Message>, Vec<SubscriptionId>)> = Vec::new();
    let mut query = db.prepare(
        "SELECT m.id, m.body, b.subscription
         FROM pubsub_backlog b JOIN pubsub_messages m ON m.id = b.message
         ORDER BY b.message, b.subscription",
    )?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let (id, subscription) = (row.get(0)?, row.get(2)?);
        if let Some((message, waiting)) = backlog.last_mut()
            && message.id == id
        {
            waiting.push(subscription);
            continue;
        }
        let message = Message::from_row(id, row.get_ref(1)?.as_blob()?).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Blob, error.into())
        })?;
        backlog.push((message, vec![subscription]));
    }
    Ok(backlog)
}
