//! Resource names: `projects/P/locations/L/queues/Q` and `…/tasks/T`.
//!
//! A name is checked once, here, and is a type from then on.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest queue id (`Queue.name`).
const MAX_QUEUE_ID_BYTES: usize = 100;
/// Longest task id (`Task.name`).
const MAX_TASK_ID_BYTES: usize = 500;
/// Longest project or location id; Google's are shorter, this only keeps keys small.
const MAX_SCOPE_ID_BYTES: usize = 100;

/// Why a name is not a name; the text is Google's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadName {
    /// Not `projects/P/locations/L`.
    #[error("Location name must be formatted: \"projects/<PROJECT_ID>/locations/<LOCATION_ID>\"")]
    Location,
    /// Not `projects/P/locations/L/queues/Q`.
    #[error(
        "Queue name must be formatted: \"projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>\""
    )]
    Queue,
    /// Not a task name below the queue it was sent to.
    #[error(
        "Task name must be formatted: \"projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>\""
    )]
    Task,
}

/// `projects/P/locations/L`: the parent of queues.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LocationName(Arc<str>);

impl LocationName {
    /// A location from its two ids.
    pub(crate) fn new(project: &str, location: &str) -> Result<Self, BadName> {
        if !is_scope_id(project) || !is_scope_id(location) {
            return Err(BadName::Location);
        }
        Ok(Self(
            format!("projects/{project}/locations/{location}").into(),
        ))
    }

    /// Whether the queue lies in this location.
    pub(crate) fn contains(&self, queue: &QueueName) -> bool {
        queue.location == *self
    }
}

/// `projects/P/locations/L/queues/Q`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueName {
    location: LocationName,
    id: Arc<str>,
}

impl QueueName {
    /// The queue `id` in `location`.
    pub(crate) fn new(location: LocationName, id: &str) -> Result<Self, BadName> {
        let fits = !id.is_empty() && id.len() <= MAX_QUEUE_ID_BYTES;
        if !fits
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(BadName::Queue);
        }
        Ok(Self {
            location,
            id: id.into(),
        })
    }

    /// Reads a full resource name.
    pub(crate) fn parse(name: &str) -> Result<Self, BadName> {
        let parts: Vec<&str> = name.split('/').collect();
        let ["projects", project, "locations", location, "queues", id] = parts.as_slice() else {
            return Err(BadName::Queue);
        };
        let location = LocationName::new(project, location).map_err(|_| BadName::Queue)?;
        Self::new(location, id)
    }

    /// The last segment, which `X-CloudTasks-QueueName` carries.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The id of a task of this queue from the full name a caller chose.
    pub(crate) fn task_id(&self, name: &str) -> Result<TaskId, BadName> {
        name.strip_prefix(&format!("{self}/tasks/"))
            .ok_or(BadName::Task)
            .and_then(TaskId::parse)
    }

    /// The full resource name of a task of this queue.
    pub(crate) fn task(&self, id: &TaskId) -> String {
        format!("{self}/tasks/{id}")
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/queues/{}", self.location.0, self.id)
    }
}

/// The last segment of a task's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct TaskId(Arc<str>);

impl TryFrom<String> for TaskId {
    type Error = BadName;

    fn try_from(id: String) -> Result<Self, BadName> {
        Self::parse(&id)
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl TaskId {
    /// Checks the id's alphabet and length.
    pub(crate) fn parse(id: &str) -> Result<Self, BadName> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if id.is_empty() || id.len() > MAX_TASK_ID_BYTES || !id.bytes().all(word) {
            return Err(BadName::Task);
        }
        Ok(Self(id.into()))
    }

    /// The id for a task that came without a name: digits, as Google's are.
    pub(crate) fn from_random(random: u64) -> Self {
        Self(format!("{random:020}").into())
    }

    /// The bare id.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_scope_id(id: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.' | b'_');
    !id.is_empty() && id.len() <= MAX_SCOPE_ID_BYTES && id.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_names_are_checked_segment_by_segment() {
        let good = "projects/demo-local/locations/europe-west1/queues/reels";
        assert_eq!(QueueName::parse(good).unwrap().to_string(), good);
        let long = format!("projects/p/locations/l/queues/{}", "q".repeat(101));
        for bad in [
            "",
            "projects/p/locations/l/queues/",
            "projects/p/locations/l/queues/a_b",
            &long,
        ] {
            assert_eq!(QueueName::parse(bad), Err(BadName::Queue), "{bad}");
        }
    }

    #[test]
    fn a_task_name_must_lie_below_its_queue() {
        let queue = QueueName::parse("projects/p/locations/l/queues/q").unwrap();
        assert_eq!(
            queue
                .task_id("projects/p/locations/l/queues/q/tasks/a-1_b")
                .unwrap()
                .as_str(),
            "a-1_b"
        );
        for bad in [
            "a",
            "projects/p/locations/l/queues/other/tasks/a",
            "projects/p/locations/l/queues/q/tasks/a.b",
        ] {
            assert_eq!(queue.task_id(bad), Err(BadName::Task), "{bad}");
        }
    }
}
