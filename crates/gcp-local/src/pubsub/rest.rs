//! The REST door: all of administration, and the data plane for clients without gRPC.

mod verbs;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::SubscriptionConfig;
use super::engine::Engine;
use super::name::{self, Kind};
use super::topic::Topic;
use crate::wire::ApiError;
use crate::wire::json::{parse, split_verb};

/// Resources on one page of a list, when the client does not say, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Page {
    page_size: usize,
    page_token: String,
}

pub(super) async fn handle(
    State(engine): State<Arc<Engine>>,
    method: Method,
    Path(path): Path<String>,
    Query(page): Query<Page>,
    body: Bytes,
) -> Response {
    let request = Call {
        engine,
        method,
        path,
        page,
        body,
    };
    match request.answer().await {
        Ok(view) => Json(view).into_response(),
        Err(error) => error.into_response(),
    }
}

struct Call {
    engine: Arc<Engine>,
    method: Method,
    path: String,
    page: Page,
    body: Bytes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Patch {
    topic: Value,
    subscription: Value,
    #[serde(rename = "updateMask")]
    mask: String,
}

impl Call {
    async fn answer(self) -> Result<Value, ApiError> {
        if let (name, Some(verb)) = split_verb(&self.path) {
            if self.method != Method::POST {
                return Err(self.unknown());
            }
            return verbs::run(&self.engine, name, verb, &self.body).await;
        }
        match name::kind(&self.path) {
            Some(Kind::Topic) => self.topic().await,
            Some(Kind::Subscription) => self.subscription().await,
            None if self.method == Method::GET => self.list(),
            None => Err(self.unknown()),
        }
    }

    async fn topic(&self) -> Result<Value, ApiError> {
        let (engine, name) = (&self.engine, self.path.as_str());
        match self.method {
            Method::PUT => {
                let topic = Topic::parse(parse(&self.body)?, name)?;
                view(&engine.create_topic(topic).await?)
            }
            Method::GET => view(&engine.topic(name)?),
            Method::PATCH => {
                let patch: Patch = parse(&self.body)?;
                view(&engine.update_topic(name, patch.topic, &patch.mask).await?)
            }
            Method::DELETE => engine.delete_topic(name).await.map(|()| json!({})),
            _ => Err(self.unknown()),
        }
    }

    async fn subscription(&self) -> Result<Value, ApiError> {
        let (engine, name) = (&self.engine, self.path.as_str());
        match self.method {
            Method::PUT => {
                let config = SubscriptionConfig::parse(parse(&self.body)?, name)?;
                view(&engine.create_subscription(config).await?)
            }
            Method::GET => view(&engine.subscription(name)?.settings().config),
            Method::PATCH => {
                let patch: Patch = parse(&self.body)?;
                let (fields, mask) = (&patch.subscription, &patch.mask);
                view(&engine.update_subscription(name, fields, mask).await?)
            }
            Method::DELETE => engine.delete_subscription(name).await.map(|()| json!({})),
            _ => Err(self.unknown()),
        }
    }

    fn list(&self) -> Result<Value, ApiError> {
        let parts: Vec<_> = self.path.split('/').collect();
        match parts.as_slice() {
            ["projects", _, "topics"] => {
                let topics = self.engine.list_topics(&format!("{}/", self.path));
                self.page("topics", topics, |topic| &topic.name)
            }
            ["projects", _, "subscriptions"] => {
                let all = self.engine.list_subscriptions(&format!("{}/", self.path));
                self.page("subscriptions", all, |config| &config.name)
            }
            ["projects", project, "topics", id, "subscriptions"] => {
                let topic = format!("projects/{project}/topics/{id}");
                let names = self.engine.list_topic_subscriptions(&topic)?;
                self.page("subscriptions", names, |name| name)
            }
            _ => Err(self.unknown()),
        }
    }

    /// One page of `all`, which is sorted by name. The token is the last name of the page before.
    fn page<T: Serialize>(
        &self,
        field: &str,
        all: Vec<T>,
        name: fn(&T) -> &String,
    ) -> Result<Value, ApiError> {
        let size = if self.page.page_size == 0 {
            PAGE
        } else {
            self.page.page_size.min(MAX_PAGE)
        };
        let mut rest = all
            .into_iter()
            .filter(|item| *name(item) > self.page.page_token)
            .peekable();
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let mut answer = HashMap::from([(field, view(&page)?)]);
        if let (Some(_), Some(last)) = (rest.peek(), page.last()) {
            answer.insert("nextPageToken", json!(name(last)));
        }
        view(&answer)
    }

    fn unknown(&self) -> ApiError {
        ApiError::not_found(format!(
            "gcp-local does not serve {} /v1/{}.",
            self.method, self.path
        ))
    }
}

fn view(resource: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(resource)
        .map_err(|error| ApiError::invalid(format!("The resource has no JSON: {error}.")))
}
