//! People with phones: they hold a token, and do everything by HTTP.

use http::{HeaderMap, Method, StatusCode};
use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{media::Media, sse::Sse};

/// Somebody, or nobody in particular.
#[derive(Clone)]
pub(crate) struct Person {
    http: Client,
    base_url: String,
    token: Option<String>,
}

/// What a request was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.body
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Person {
    pub(crate) fn new(base_url: &str, token: &str) -> Self {
        Self {
            http: Client::new(),
            base_url: base_url.to_owned(),
            token: Some(token.to_owned()),
        }
    }

    pub(crate) fn anybody(base_url: &str) -> Self {
        Self {
            token: None,
            ..Self::new(base_url, "")
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body), None)
            .await
            .unwrap()
    }

    /// A request; an error is one that was not answered.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        traceparent: Option<&str>,
    ) -> reqwest::Result<Answer> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base_url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(traceparent) = traceparent {
            request = request.header("traceparent", traceparent);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await?;
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }

    /// Opens the event stream.
    pub(crate) async fn listen(&self) -> Sse {
        self.listen_at(&self.base_url).await
    }

    /// Opens the event stream of one gateway.
    pub(crate) async fn listen_at(&self, url: &str) -> Sse {
        Sse::open(url, self.token.as_deref().unwrap()).await
    }

    /// Opens the event stream of one gateway as a browser does that comes back.
    pub(crate) async fn come_back_at(&self, url: &str, last_event_id: &str) -> Sse {
        Sse::resume(url, self.token.as_deref().unwrap(), Some(last_event_id)).await
    }

    /// The ids of a list of reels.
    pub(crate) async fn reel_ids(&self, path: &str) -> Vec<Uuid> {
        let list = self.get(path).await.ok();
        let reels = list.as_array().unwrap().iter();
        reels.map(|reel| id(&reel["id"])).collect()
    }
}

/// The owner of a shop.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) owner: Person,
    pub(crate) id: Uuid,
}

impl Shop {
    /// Uploads one file as its phone would, as part of a trace where one is given, and answers its public address.
    pub(crate) async fn upload(
        &self,
        kind: &str,
        media: &Media,
        traceparent: Option<&str>,
    ) -> String {
        let Media {
            name,
            content_type,
            bytes,
        } = media;
        let file = json!({"fileName": name, "contentType": content_type, "sizeBytes": bytes.len()});
        let wanted = json!({"shopId": self.id, "type": kind, "files": [file]});
        let signed = self
            .traced_post("/storage/reels/upload-url", &wanted, traceparent)
            .await;
        let upload = &signed["uploads"][0];
        let text = |name: &str| upload[name].as_str().unwrap().to_owned();
        let mut put = Client::new().put(text("signedUrl")).body(bytes.clone());
        for (name, value) in upload["headers"].as_object().unwrap() {
            put = put.header(name, value.as_str().unwrap());
        }
        let stored = put.send().await.unwrap();
        assert!(stored.status().is_success(), "{stored:?}");
        let paths = json!({"shopId": self.id, "type": kind, "paths": [text("path")]});
        self.traced_post("/storage/reels/confirm", &paths, traceparent)
            .await;
        text("publicUrl")
    }

    async fn traced_post(&self, path: &str, body: &Value, traceparent: Option<&str>) -> Value {
        let answer = self
            .owner
            .ask(Method::POST, path, Some(body), traceparent)
            .await;
        answer.unwrap().ok()
    }

    /// Publishes an uploaded video, as part of a trace where one is given.
    pub(crate) async fn publish(&self, video_url: &str, traceparent: Option<&str>) -> Uuid {
        let body = json!({
            "shopId": self.id, "type": "VIDEO", "videoUrl": video_url, "durationSeconds": 6,
            "editorState": {"version": 1, "mediaBackground": {"mode": "solid", "color": "#336699"}},
        });
        id(&self.traced_post("/reels", &body, traceparent).await["id"])
    }

    /// Uploads and publishes a video.
    pub(crate) async fn publish_video(&self, media: &Media) -> Uuid {
        let url = self.upload("VIDEO", media, None).await;
        self.publish(&url, None).await
    }

    /// Uploads and publishes a photo.
    pub(crate) async fn publish_photo(&self, media: &Media) -> Uuid {
        let url = self.upload("PHOTO_SET", media, None).await;
        let body = json!({"shopId": self.id, "type": "PHOTO_SET", "photoUrls": [url]});
        id(&self.owner.post("/reels", &body).await.ok()["id"])
    }

    pub(crate) async fn hide(&self, reel: Uuid) {
        self.owner
            .post(&format!("/reels/{reel}/hide"), &json!({}))
            .await
            .ok();
    }

    /// What the shop is told of a reel.
    pub(crate) async fn status(&self, reel: Uuid) -> Value {
        self.owner.get(&format!("/reels/{reel}/status")).await.ok()
    }
}

fn id(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}
