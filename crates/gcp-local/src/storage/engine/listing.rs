//! Listing names in order, folded at a delimiter, a page at a time.
//!
//! A folded prefix costs one seek, however many names it hides. The page token is the next name to
//! look at, so that a page is stable against whatever was written before it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;

use super::Engine;
use crate::storage::catalog;
use crate::storage::error::StorageError;
use crate::storage::object::Object;

/// Google's largest page.
pub(crate) const MAX_PAGE: usize = 1000;

/// Names fetched at once while folding: most of them may turn out to be in one prefix.
const FOLDING_BATCH: usize = 64;

/// What to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListQuery {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// Empty: no folding.
    pub(crate) delimiter: String,
    /// A folded prefix that is itself an object shows as one too.
    pub(crate) include_trailing_delimiter: bool,
    /// First name to list; empty: from the beginning.
    pub(crate) start: String,
    /// First name not to list any more; empty: to the end.
    pub(crate) end: String,
    pub(crate) page_token: String,
    /// 0: as many as fit one page.
    pub(crate) limit: usize,
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<Object>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) next_page_token: Option<String>,
}

impl Listing {
    fn len(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }
}

impl Engine {
    pub(crate) async fn list_objects(&self, query: ListQuery) -> Result<Listing, StorageError> {
        let mut from = query.prefix.clone().max(query.start.clone());
        if !query.page_token.is_empty() {
            from = from.max(decode_token(&query.page_token)?);
        }
        self.decide(move |connection| {
            if catalog::buckets::find(connection, &query.bucket)?.is_none() {
                return Ok(Err(StorageError::BucketNotFound));
            }
            page(connection, &query, from).map(Ok)
        })
        .await
    }
}

fn page(connection: &Connection, query: &ListQuery, from: String) -> rusqlite::Result<Listing> {
    let limit = if query.limit == 0 {
        MAX_PAGE
    } else {
        query.limit.min(MAX_PAGE)
    };
    let mut listing = Listing::default();
    let mut next = Some(from);
    while let Some(from) = next.take() {
        let room = limit.saturating_sub(listing.len());
        let batch = if query.delimiter.is_empty() {
            room + 1
        } else {
            FOLDING_BATCH
        };
        let found = scan(connection, query, &from, batch)?;
        // A full batch may have more behind it.
        next = found
            .last()
            .filter(|_| found.len() == batch)
            .map(|last| format!("{}\0", last.name));
        for object in found {
            if listing.len() >= limit {
                listing.next_page_token = Some(URL_SAFE_NO_PAD.encode(&object.name));
                return Ok(listing);
            }
            let Some(folded) = fold(query, &object.name).map(str::to_owned) else {
                listing.objects.push(object);
                continue;
            };
            next = successor(&folded);
            if query.include_trailing_delimiter && object.name == folded {
                listing.objects.push(object);
            }
            listing.prefixes.push(folded);
            break;
        }
    }
    Ok(listing)
}

/// Names from `from` on that are inside the prefix and before the end.
fn scan(
    connection: &Connection,
    query: &ListQuery,
    from: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Object>> {
    let past_prefix = successor(&query.prefix);
    let end = Some(query.end.clone()).filter(|end| !end.is_empty());
    let until = match (past_prefix, end) {
        (Some(prefix), Some(end)) => Some(prefix.min(end)),
        (prefix, end) => prefix.or(end),
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    catalog::objects::scan(connection, &query.bucket, from, until.as_deref(), limit)
}

/// The part of `name` up to and with the first delimiter after the prefix.
fn fold<'a>(query: &ListQuery, name: &'a str) -> Option<&'a str> {
    if query.delimiter.is_empty() {
        return None;
    }
    let rest = name.strip_prefix(&query.prefix)?;
    let end = query.prefix.len() + rest.find(&query.delimiter)? + query.delimiter.len();
    name.get(..end)
}

/// The smallest string greater than every string that starts with `prefix`; none for the empty one.
/// SQLite compares bytes of UTF-8, whose order is that of the code points.
fn successor(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        if last != char::MAX {
            let next = (last..=char::MAX).nth(1)?;
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn decode_token(token: &str) -> Result<String, StorageError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| StorageError::Invalid("Invalid page token.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_is_past_everything_with_the_prefix() {
        assert_eq!(successor("a/").as_deref(), Some("a0"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10FFFF}"), None);
    }

    #[test]
    fn folding_stops_at_the_first_delimiter_after_the_prefix() {
        let query = ListQuery {
            prefix: "a/".into(),
            delimiter: "/".into(),
            ..ListQuery::default()
        };
        assert_eq!(fold(&query, "a/b/c/d"), Some("a/b/"));
        assert_eq!(fold(&query, "a/b"), None);
    }
}
