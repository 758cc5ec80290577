//! One reel through the real path, as a phone would publish it: signed upload, confirmation, publication, rendering.

use std::{
    fmt,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use avvivo_local_servers::Program;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{say, seed::Tokens};
use crate::place::Place;

/// A laptop with its hands full renders six seconds within this.
const RENDER_LIMIT: Duration = Duration::from_mins(5);
/// How often progress is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// The services answer within this once they are up.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// The day's reels are used up, and no extras are left.
const NO_REELS_LEFT: &str = "quota.no_reels_left";

/// Sees to a reel in the feed: the shop's own where one is there or on its way, else the sample.
pub(super) async fn ensure(place: &Place, base_url: &str, tokens: &Tokens) -> anyhow::Result<()> {
    let shop = Shop {
        http: Client::builder().timeout(Duration::from_secs(30)).build()?,
        base_url,
        token: tokens.named("TOKEN_SHOP_1"),
        id: tokens.id("SHOP_1_ID"),
    };
    shop.wait_ready().await?;
    let reels = shop
        .call(Method::GET, &format!("/reels/shop/{}", shop.id), None)
        .await?;
    if reel_that_is(&reels, "ACTIVE").is_some() {
        return Ok(());
    }
    if let Some(reel) = reel_that_is(&reels, "PROCESSING") {
        say("A reel of Telas Helguera is on its way …")?;
        match shop.follow(reel).await {
            Ok(()) => return Ok(()),
            Err(error) => say(format_args!("{error:#}"))?,
        }
    }
    match shop.publish(place).await {
        Err(error) if is_out_of_quota(&error) => say(
            "Telas Helguera has used up its reels of today: there is no sample today. Everything else works.",
        ),
        other => other,
    }
}

/// The newest reel of that status.
fn reel_that_is<'r>(reels: &'r Value, status: &str) -> Option<&'r str> {
    let mut reels = reels.as_array()?.iter();
    let found = reels.find(|reel| reel.get("status").and_then(Value::as_str) == Some(status))?;
    found.get("id")?.as_str()
}

fn is_out_of_quota(error: &anyhow::Error) -> bool {
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.code() == Some(NO_REELS_LEFT))
}

/// What the platform answers to a request that it refuses.
#[derive(Debug)]
struct Refused {
    status: StatusCode,
    body: Value,
}

impl Refused {
    fn code(&self) -> Option<&str> {
        self.body.get("code")?.as_str()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.body)
    }
}

impl std::error::Error for Refused {}

/// The owner of a shop, with a phone.
struct Shop<'a> {
    http: Client,
    base_url: &'a str,
    token: &'a str,
    id: &'a str,
}

impl Shop<'_> {
    async fn wait_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            let asked = self
                .http
                .get(format!("{}/ready", self.base_url))
                .send()
                .await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the platform is not ready; its log says why"
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let request = self
            .http
            .request(method, format!("{}{path}", self.base_url))
            .bearer_auth(self.token);
        send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
        .with_context(|| format!("{path} failed"))
    }

    /// Makes the sample, publishes it and shows its progress.
    async fn publish(&self, place: &Place) -> anyhow::Result<()> {
        say("Making a sample video …")?;
        let video = make_video(place).await?;
        say("Publishing it as Telas Helguera would from a phone …")?;
        let url = self.upload(video).await?;
        let body = json!({
            "shopId": self.id, "type": "VIDEO", "videoUrl": url, "durationSeconds": 6,
            "presetLabel": "Nueva llegada", "platform": "Instagram",
            "editorState": {"version": 1, "fit": "contain", "mediaBackground": {"mode": "blur"}},
        });
        let reel = self.call(Method::POST, "/reels", Some(body)).await?;
        let id = reel
            .get("id")
            .and_then(Value::as_str)
            .context("the reel has no id")?;
        self.follow(id).await
    }

    /// Uploads and confirms; answers the public address.
    async fn upload(&self, video: Vec<u8>) -> anyhow::Result<String> {
        let file = json!({"fileName": "desfile.mp4", "contentType": "video/mp4", "sizeBytes": video.len()});
        let asked = json!({"shopId": self.id, "type": "VIDEO", "files": [file]});
        let answer = self
            .call(Method::POST, "/storage/reels/upload-url", Some(asked))
            .await?;
        let upload = answer
            .pointer("/uploads/0")
            .context("no upload was signed")?;
        let text = |name| {
            upload
                .get(name)
                .and_then(Value::as_str)
                .context("the signed upload is not whole")
        };
        let mut put = self.http.put(text("signedUrl")?).body(video);
        for (name, value) in upload
            .get("headers")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            put = put.header(name, value.as_str().unwrap_or_default());
        }
        put.send()
            .await?
            .error_for_status()
            .context("the upload failed")?;
        let confirmed = json!({"shopId": self.id, "type": "VIDEO", "paths": [text("path")?]});
        self.call(Method::POST, "/storage/reels/confirm", Some(confirmed))
            .await?;
        Ok(text("publicUrl")?.to_owned())
    }

    /// Shows the progress until the reel is published.
    async fn follow(&self, id: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + RENDER_LIMIT;
        let mut shown = String::new();
        loop {
            let status = self
                .call(Method::GET, &format!("/reels/{id}/status"), None)
                .await?;
            let text = |pointer| {
                status
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let progress = status
                .pointer("/editorState/progress")
                .and_then(Value::as_u64);
            let line = match progress {
                Some(progress) => {
                    format!("  {:<12} {progress:>3} %", text("/editorState/workerStage"))
                }
                None => format!("  {:<12}", "waiting"),
            };
            if line != shown {
                say(&line)?;
                shown = line;
            }
            match text("/status") {
                "ACTIVE" => return Ok(()),
                "PROCESSING" => {}
                other => anyhow::bail!(
                    "the sample ended as {other}: {}",
                    text("/editorState/workerError")
                ),
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "the sample was not rendered in time"
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn send(request: RequestBuilder) -> anyhow::Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let body: Value = answer.json().await?;
    if !status.is_success() {
        return Err(Refused { status, body }.into());
    }
    Ok(body)
}

/// Six seconds that move and sound, as wide as most cameras make them.
async fn make_video(place: &Place) -> anyhow::Result<Vec<u8>> {
    let ffmpeg = Program::Ffmpeg.locate()?;
    let file = place.file("sample.mp4");
    let made = Command::new(ffmpeg)
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args([
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=1280x720:rate=30:duration=6",
        ])
        .args(["-f", "lavfi", "-i", "sine=frequency=330:duration=6"])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-shortest",
        ])
        .arg(&file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await?;
    anyhow::ensure!(made.success(), "ffmpeg ended with {made}");
    let video = tokio::fs::read(&file).await?;
    tokio::fs::remove_file(&file).await?;
    Ok(video)
}
