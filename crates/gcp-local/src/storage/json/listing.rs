//! Listing objects over JSON.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Problem;
use super::params::Params;
use super::resource::object_resource;
use crate::storage::Storage;
use crate::storage::engine::ListQuery;

pub(super) async fn list(
    State(storage): State<Storage>,
    Path(bucket): Path<String>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let text = |name: &str| params.text(name).unwrap_or_default().to_owned();
    let query = ListQuery {
        bucket,
        prefix: text("prefix"),
        delimiter: text("delimiter"),
        include_trailing_delimiter: params.flag("includeTrailingDelimiter"),
        start: text("startOffset"),
        end: text("endOffset"),
        page_token: text("pageToken"),
        limit: params.number("maxResults")?.unwrap_or(0),
    };
    let listing = storage.engine.list_objects(query).await?;
    let items: Vec<Value> = listing
        .objects
        .iter()
        .map(|object| object_resource(object, &storage.base))
        .collect();
    let mut answer = json!({ "kind": "storage#objects" });
    if let Value::Object(fields) = &mut answer {
        if !listing.prefixes.is_empty() {
            fields.insert("prefixes".to_owned(), listing.prefixes.into());
        }
        if !items.is_empty() {
            fields.insert("items".to_owned(), items.into());
        }
        if let Some(token) = listing.next_page_token {
            fields.insert("nextPageToken".to_owned(), token.into());
        }
    }
    Ok(Json(answer))
}
