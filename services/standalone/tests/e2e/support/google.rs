//! gcp-local, spoken to as its neighbours do: the queue, the bus, the issuer.

use avvivo_contracts::{events::v1::Event, jobs::v1::RenderReel};
use avvivo_kernel::{IdSource as _, RandomIds};
use avvivo_testkit::{Seen, wait_for};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost::Message as _;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

use super::PATIENCE;

const PROJECT: &str = "projects/avvivo-local";
const QUEUE: &str = "/v2/projects/avvivo-local/locations/southamerica-east1/queues/reel-render";
/// Whose token the queue's tasks carry.
const QUEUE_ACCOUNT: &str = "tasks@avvivo-local.iam.gserviceaccount.com";

/// The stand-in of one platform.
pub(crate) struct Google {
    url: String,
}

/// A task in the render queue.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
    pub(crate) job: RenderReel,
    pub(crate) headers: Value,
}

impl Google {
    pub(crate) fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
        }
    }

    /// Keeps the queue from delivering.
    pub(crate) async fn pause_queue(&self) {
        self.call(Method::POST, &format!("{QUEUE}:pause"), json!({}))
            .await;
    }

    /// Lets it deliver again.
    pub(crate) async fn resume_queue(&self) {
        self.call(Method::POST, &format!("{QUEUE}:resume"), json!({}))
            .await;
    }

    /// Everything in the queue.
    pub(crate) async fn tasks(&self) -> Vec<Task> {
        let path = format!("{QUEUE}/tasks?responseView=FULL");
        let answer = self.call(Method::GET, &path, Value::Null).await;
        let tasks = answer["tasks"].as_array().into_iter().flatten();
        tasks.map(task).collect()
    }

    /// The task that renders this reel, as soon as it is in the queue.
    pub(crate) async fn task_of(&self, reel: Uuid) -> Task {
        wait_for("the reel's task", PATIENCE, async || {
            let tasks = self.tasks().await;
            match find(&tasks, reel) {
                Some(task) => Seen::Done(task.clone()),
                None => Seen::NotYet(tasks),
            }
        })
        .await
    }

    /// Has a task delivered now rather than after its pause, if it is still there.
    pub(crate) async fn hurry(&self, reel: Uuid) {
        let tasks = self.tasks().await;
        if let Some(task) = find(&tasks, reel) {
            let run = self.request(Method::POST, &format!("/v2/{}:run", task.name));
            // It may be gone by now, which is as good.
            run.json(&json!({})).send().await.unwrap();
        }
    }

    /// Waits until the queue has forgotten the reel.
    pub(crate) async fn forgotten(&self, reel: Uuid) {
        wait_for("the queue to forget the task", PATIENCE, async || {
            let tasks = self.tasks().await;
            if find(&tasks, reel).is_none() {
                Seen::Done(())
            } else {
                Seen::NotYet(tasks)
            }
        })
        .await;
    }

    /// A token as the queue's tasks carry it, for the processor at that address.
    pub(crate) async fn queue_token(&self, audience: &str) -> String {
        let wanted = json!({"email": QUEUE_ACCOUNT, "audience": audience});
        self.mint("google", wanted).await
    }

    /// A token of a person, as Firebase signs it.
    pub(crate) async fn person_token(&self, email: &str) -> String {
        let wanted = json!({
            "uid": email, "email": email, "email_verified": true, "project": "avvivo-local",
        });
        self.mint("firebase", wanted).await
    }

    async fn mint(&self, style: &str, wanted: Value) -> String {
        let answer = self
            .call(Method::POST, &format!("/issuer/{style}/id-token"), wanted)
            .await;
        answer["id_token"].as_str().unwrap().to_owned()
    }

    /// Listens to the bus itself, from here on.
    pub(crate) async fn tap(&self) -> Tap<'_> {
        let name = format!(
            "/v1/{PROJECT}/subscriptions/e2e-{}",
            RandomIds.uuid().simple()
        );
        let topic = json!({"topic": format!("{PROJECT}/topics/avvivo-events")});
        self.call(Method::PUT, &name, topic).await;
        Tap { google: self, name }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        Client::new().request(method, format!("{}{path}", self.url))
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }
}

fn task(task: &Value) -> Task {
    let request = &task["httpRequest"];
    let body = STANDARD.decode(request["body"].as_str().unwrap()).unwrap();
    Task {
        name: task["name"].as_str().unwrap().to_owned(),
        job: RenderReel::decode(body.as_slice()).unwrap(),
        body,
        headers: request["headers"].clone(),
    }
}

fn find(tasks: &[Task], reel: Uuid) -> Option<&Task> {
    let reel = reel.to_string();
    tasks.iter().find(|task| task.job.reel_id == reel)
}

/// A subscription of the test's own.
pub(crate) struct Tap<'a> {
    google: &'a Google,
    name: String,
}

impl Tap<'_> {
    /// The first event that `is_wanted`, in its envelope.
    pub(crate) async fn first(&self, is_wanted: impl Fn(&Event) -> bool) -> Event {
        wait_for("an event on the bus", PATIENCE, async || {
            let events = self.pull().await;
            match events.iter().find(|event| is_wanted(event)) {
                Some(event) => Seen::Done(event.clone()),
                None => Seen::NotYet(events),
            }
        })
        .await
    }

    async fn pull(&self) -> Vec<Event> {
        let most = json!({"maxMessages": 100, "returnImmediately": true});
        let path = format!("{}:pull", self.name);
        let answer = self.google.call(Method::POST, &path, most).await;
        let messages = answer["receivedMessages"].as_array().into_iter().flatten();
        let (mut events, mut ids) = (Vec::new(), Vec::new());
        for message in messages {
            let data = STANDARD
                .decode(message["message"]["data"].as_str().unwrap())
                .unwrap();
            events.push(Event::decode(data.as_slice()).unwrap());
            ids.push(message["ackId"].clone());
        }
        if !ids.is_empty() {
            let path = format!("{}:acknowledge", self.name);
            self.google
                .call(Method::POST, &path, json!({"ackIds": ids}))
                .await;
        }
        events
    }
}
