//! A topic as its REST resource: a name, and what Google lets one write on it that has meaning here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{name, unsupported};
use crate::wire::ApiError;

/// What a deleted topic's subscriptions name as their topic.
pub(super) const DELETED: &str = "_deleted-topic_";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Topic {
    pub(super) name: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

impl Topic {
    pub(super) fn parse(mut value: Value, resource: &str) -> Result<Self, ApiError> {
        unsupported::drop_output_only(&mut value);
        let mut topic: Self = serde_json::from_value(value)
            .map_err(|error| ApiError::invalid(format!("Invalid topic: {error}.")))?;
        resource.clone_into(&mut topic.name);
        name::check(&topic.name, name::Kind::Topic)?;
        unsupported::refuse(&topic.other)?;
        topic.other.clear();
        Ok(topic)
    }
}
