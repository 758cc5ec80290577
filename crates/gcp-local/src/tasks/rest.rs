//! The REST face: `/v2/projects/*/locations/*/queues…` and the verbs after a colon.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::engine::{Engine, Queue};
use super::name::{BadName, LocationName, QueueName, TaskId};
use super::queue_spec::QueueSpec;
use super::resource::{self, CreateTask, View};
use super::task_calls::no_task;
use crate::wire::{ApiError, json};

/// Largest page of tasks and of queues; also the size when none is asked for.
const MAX_TASKS_PAGE: usize = 1_000;
const MAX_QUEUES_PAGE: usize = 9_800;

/// Every query parameter any method reads; `$alt` and the like are ignored, as names and numbers
/// of enums are both understood by Google's clients.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Parameters {
    page_size: Option<usize>,
    page_token: String,
    response_view: Option<String>,
    update_mask: String,
    filter: String,
}

impl Parameters {
    fn view(&self) -> Result<View, ApiError> {
        let Some(text) = &self.response_view else {
            return Ok(View::default());
        };
        View::from_query(text)
            .ok_or_else(|| ApiError::invalid(format!("Invalid value for responseView: {text}")))
    }

    fn page_size(&self, most: usize) -> usize {
        self.page_size
            .filter(|size| *size > 0)
            .unwrap_or(most)
            .min(most)
    }

    /// The last id of the page before.
    fn after(&self) -> Result<Option<String>, ApiError> {
        if self.page_token.is_empty() {
            return Ok(None);
        }
        let decoded = URL_SAFE_NO_PAD
            .decode(&self.page_token)
            .ok()
            .and_then(|id| String::from_utf8(id).ok());
        decoded
            .map(Some)
            .ok_or_else(|| ApiError::invalid("Invalid page token"))
    }

    /// The paths of `updateMask`, in camel case; absent and empty mean every field.
    fn mask(&self) -> Option<Vec<String>> {
        let paths = self
            .update_mask
            .split(',')
            .filter(|path| !path.is_empty())
            .map(camel_case);
        Some(paths.collect())
            .filter(|paths: &Vec<_>| !paths.is_empty() && !paths.contains(&"*".to_owned()))
    }
}

fn camel_case(path: &str) -> String {
    let mut words = path.trim().split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueuePage {
    queues: Vec<resource::Queue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskPage {
    tasks: Vec<resource::Task>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// What a path names.
enum Target<'a> {
    Queues(LocationName),
    Queue(QueueName, Option<&'a str>),
    Tasks(QueueName, Option<&'a str>),
    Task(QueueName, TaskId, Option<&'a str>),
}

impl<'a> Target<'a> {
    fn parse(path: &'a str) -> Result<Option<Self>, BadName> {
        let (resource, verb) = json::split_verb(path);
        let segments: Vec<&str> = resource.split('/').collect();
        let [
            "projects",
            project,
            "locations",
            location,
            "queues",
            rest @ ..,
        ] = segments.as_slice()
        else {
            return Ok(None);
        };
        let location = LocationName::new(project, location)?;
        Ok(match (rest, verb) {
            ([], None) => Some(Self::Queues(location)),
            ([queue], verb) => Some(Self::Queue(QueueName::new(location, queue)?, verb)),
            ([queue, "tasks"], verb) => Some(Self::Tasks(QueueName::new(location, queue)?, verb)),
            ([queue, "tasks", task], verb) => Some(Self::Task(
                QueueName::new(location, queue)?,
                TaskId::parse(task)?,
                verb,
            )),
            _ => None,
        })
    }
}

/// One request of the API.
pub(super) async fn serve(
    State(engine): State<Arc<Engine>>,
    method: Method,
    Path(path): Path<String>,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let target = Target::parse(&path).map_err(|error| ApiError::invalid(error.to_string()))?;
    match target {
        Some(Target::Queues(parent)) => queues(&engine, &method, &parent, &parameters, &body).await,
        Some(Target::Queue(name, verb)) => {
            queue(&engine, (&method, verb), name, &parameters, &body).await
        }
        Some(Target::Tasks(name, verb)) => {
            tasks(&engine, (&method, verb), name, &parameters, &body).await
        }
        Some(Target::Task(queue, id, verb)) => {
            task(&engine, (&method, verb), queue, id, (&parameters, &body)).await
        }
        None => Err(ApiError::not_found(format!(
            "gcp-local does not serve /v2/{path}"
        ))),
    }
}

async fn queues(
    engine: &Arc<Engine>,
    method: &Method,
    parent: &LocationName,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Response, ApiError> {
    match *method {
        Method::POST => {
            let queue: resource::Queue = json::parse(body)?;
            let name = QueueName::parse(&queue.name)
                .ok()
                .filter(|name| parent.contains(name));
            let name = name.ok_or_else(|| ApiError::invalid(BadName::Queue.to_string()))?;
            let spec = QueueSpec::new(&queue)?;
            Ok(answer_queue(&*engine.create_queue(name, spec).await?))
        }
        Method::GET => list_queues(engine, parent, parameters),
        _ => Err(unserved(method, None)),
    }
}

fn list_queues(
    engine: &Engine,
    parent: &LocationName,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
    if !parameters.filter.is_empty() {
        return Err(ApiError::unimplemented(
            "ListQueues.filter is not supported by gcp-local",
        ));
    }
    let after = parameters
        .after()?
        .map(|name| QueueName::parse(&name))
        .transpose();
    let after = after.map_err(|_| ApiError::invalid("Invalid page token"))?;
    let size = parameters.page_size(MAX_QUEUES_PAGE);
    let mut page = engine.list_queues(parent, after.as_ref(), size.saturating_add(1));
    let more = page.len() > size;
    page.truncate(size);
    let next_page_token = page
        .last()
        .filter(|_| more)
        .map(|last| URL_SAFE_NO_PAD.encode(last.name.to_string()));
    let queues = page
        .iter()
        .map(|queue| queue.state().resource(&queue.name))
        .collect();
    Ok(Json(QueuePage {
        queues,
        next_page_token,
    })
    .into_response())
}

async fn queue(
    engine: &Arc<Engine>,
    call: (&Method, Option<&str>),
    name: QueueName,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Response, ApiError> {
    let queue = match call {
        (&Method::GET, None) => engine.queue(&name)?,
        (&Method::PATCH, None) => {
            let mask = parameters.mask();
            engine
                .update_queue(name, &json::parse(body)?, mask.as_deref())
                .await?
        }
        (&Method::DELETE, None) => {
            engine.delete_queue(name).await?;
            return Ok(nothing());
        }
        (&Method::POST, Some("pause")) => engine.set_paused(name, true).await?,
        (&Method::POST, Some("resume")) => engine.set_paused(name, false).await?,
        (&Method::POST, Some("purge")) => engine.purge(name).await?,
        (method, verb) => return Err(unserved(method, verb)),
    };
    Ok(answer_queue(&queue))
}

async fn tasks(
    engine: &Arc<Engine>,
    call: (&Method, Option<&str>),
    name: QueueName,
    parameters: &Parameters,
    body: &Bytes,
) -> Result<Response, ApiError> {
    match call {
        (&Method::POST, None) => {
            let request: CreateTask = json::parse(body)?;
            let task = engine
                .create_task(name, request.task, request.response_view)
                .await?;
            Ok(Json(task).into_response())
        }
        (&Method::GET, None) => list_tasks(engine, &name, parameters),
        (method, verb) => Err(unserved(method, verb)),
    }
}

fn list_tasks(
    engine: &Engine,
    name: &QueueName,
    parameters: &Parameters,
) -> Result<Response, ApiError> {
    let queue = engine.queue(name)?;
    let after = parameters.after()?.map(|id| TaskId::parse(&id)).transpose();
    let after = after.map_err(|_| ApiError::invalid("Invalid page token"))?;
    let (size, view) = (parameters.page_size(MAX_TASKS_PAGE), parameters.view()?);
    let state = queue.state();
    let mut page: Vec<_> = state.page(after.as_ref(), size.saturating_add(1)).collect();
    let more = page.len() > size;
    page.truncate(size);
    let next_page_token = page
        .last()
        .filter(|_| more)
        .map(|last| URL_SAFE_NO_PAD.encode(last.spec.id.as_str()));
    let tasks = page
        .into_iter()
        .map(|task| task.resource(name, view))
        .collect();
    Ok(Json(TaskPage {
        tasks,
        next_page_token,
    })
    .into_response())
}

async fn task(
    engine: &Arc<Engine>,
    call: (&Method, Option<&str>),
    queue: QueueName,
    id: TaskId,
    (parameters, body): (&Parameters, &Bytes),
) -> Result<Response, ApiError> {
    let task = match call {
        (&Method::GET, None) => {
            let found = engine.queue(&queue)?;
            let view = parameters.view()?;
            let task = found
                .state()
                .get(&id)
                .map(|task| task.resource(&queue, view));
            task.ok_or_else(no_task)?
        }
        (&Method::DELETE, None) => {
            engine.delete_task(queue, id).await?;
            return Ok(nothing());
        }
        (&Method::POST, Some("run")) => {
            let request: CreateTask = json::parse(body)?;
            engine.run_task(&queue, &id, request.response_view)?
        }
        (method, verb) => return Err(unserved(method, verb)),
    };
    Ok(Json(task).into_response())
}

fn answer_queue(queue: &Queue) -> Response {
    let resource = queue.state().resource(&queue.name);
    Json(resource).into_response()
}

fn nothing() -> Response {
    Json(serde_json::Map::new()).into_response()
}

fn unserved(method: &Method, verb: Option<&str>) -> ApiError {
    let verb = verb.map(|verb| format!(":{verb}")).unwrap_or_default();
    ApiError::unimplemented(format!("gcp-local does not serve {method} {verb} here"))
}
