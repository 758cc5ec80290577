//! One reel, from a phone's upload to everybody's screen, and one trace id through every hop.

use std::{fs, process::Command};

use avvivo_contracts::{
    cursor::Cursor,
    events::v1::{Event, event::Payload},
};
use avvivo_kernel::{IdSource as _, RandomIds};
use http::StatusCode;
use reqwest::Client;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{
    collector::Sent,
    media,
    platform::{Platform, Shape},
    sse::Frame,
};

pub(crate) async fn a_reel_travels_under_one_trace(platform: &Platform) {
    let trace = RandomIds.uuid().simple().to_string();
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let (shop, other) = (platform.shop(1), platform.shop(2));
    let (mut own_stream, mut other_stream) =
        (shop.owner.listen().await, other.owner.listen().await);
    let mut client_streams = Vec::new();
    for gateway in platform.gateways() {
        client_streams.push(platform.client(1).listen_at(&gateway).await);
    }
    let tap = platform.google.tap().await;

    // The queue holds the job until it has been looked at.
    platform.google.pause_queue().await;
    let upload = shop
        .upload("VIDEO", &media::short_video(), Some(&traceparent))
        .await;
    let reel = shop.publish(&upload, Some(&traceparent)).await;
    let task = platform.google.task_of(reel).await;
    assert!(task.job.traceparent.contains(&trace), "{task:?}");
    let header = task.headers["traceparent"].as_str().unwrap();
    assert!(header.contains(&trace), "{task:?}");
    let row = platform.rows.reel(reel).await;
    assert!(row.traceparent.is_some_and(|text| text.contains(&trace)));
    platform.google.resume_queue().await;

    let news = own_stream
        .until(|frame| frame.is("reel:status", reel) && frame.data["stage"] == "DONE")
        .await;
    assert_eq!(shop_saw(&news, reel), ("ACTIVE".to_owned(), 100));

    let mut published = Vec::new();
    for stream in &mut client_streams {
        let heard = stream
            .until(|frame| frame.is("reels:published", reel))
            .await;
        assert!(
            !heard.iter().any(|frame| frame.event == "reel:status"),
            "{heard:#?}"
        );
        published.extend(heard.last().cloned());
    }
    let heard = other_stream
        .until(|frame| frame.is("reels:published", reel))
        .await;
    assert!(
        !heard.iter().any(|frame| frame.event == "reel:status"),
        "another shop's reel: {heard:#?}"
    );

    let envelope = tap.first(|event| publishes(event, reel)).await;
    assert!(envelope.traceparent.contains(&trace), "{envelope:?}");
    for frame in &published {
        let cursor = Cursor::parse(frame.id.as_deref().unwrap()).unwrap();
        assert_eq!(
            cursor.place("public:reels").unwrap().sequence(),
            envelope.sequence
        );
    }
    followed(platform, &trace, &envelope).await;
    platform
        .feed_is("with the reel", |feed| feed.contains(&reel))
        .await;
    plays(published[0].data["videoUrl"].as_str().unwrap()).await;
}

/// What the shop was told: stages in their order, progress that never goes back, and how it ended.
fn shop_saw(news: &[Frame], reel: Uuid) -> (String, u64) {
    let mine: Vec<&Value> = news
        .iter()
        .filter(|frame| frame.is("reel:status", reel))
        .map(|frame| &frame.data)
        .collect();
    let order = ["", "CLAIMED", "START", "RENDER_VIDEO", "DONE"];
    let points: Vec<(usize, u64)> = mine
        .iter()
        .map(|data| {
            let stage = data["stage"].as_str().unwrap_or_default();
            let place = order.iter().position(|known| *known == stage);
            (place.expect(stage), data["progress"].as_u64().unwrap())
        })
        .collect();
    assert!(points.is_sorted(), "{points:?}");
    assert!(points.iter().any(|(stage, _)| *stage == 3), "{points:?}");
    let last = mine.last().unwrap();
    (
        last["status"].as_str().unwrap().to_owned(),
        last["progress"].as_u64().unwrap(),
    )
}

fn publishes(event: &Event, reel: Uuid) -> bool {
    matches!(&event.payload, Some(Payload::ReelPublished(published)) if published.reel_id == reel.to_string())
}

/// The upload's requests, the publication, the task, the render and each gateway's delivery are spans of the trace; the render's log names it.
async fn followed(platform: &Platform, trace: &str, envelope: &Event) {
    let delivery = |sent: &&Sent| {
        sent.span.name == "deliver event"
            && sent.attribute("event.id").as_deref() == Some(&envelope.id)
    };
    let gateways = platform.gateways().len();
    let spans = platform
        .collector
        .trace(trace, |spans| {
            let named = |name: &str| spans.iter().any(|sent| sent.span.name == name);
            named("POST /storage/reels/upload-url")
                && named("POST /storage/reels/confirm")
                && named("POST /reels")
                && named("POST /jobs/reels/render")
                && named("reel.render")
                && spans.iter().filter(delivery).count() == gateways
        })
        .await;
    for sent in spans.iter().filter(delivery) {
        assert_eq!(
            sent.attribute("event.sequence"),
            Some(envelope.sequence.to_string())
        );
    }
    let service = |name: &str| {
        let sent = spans.iter().find(|sent| sent.span.name == name).unwrap();
        sent.service.as_str()
    };
    if platform.shape == Shape::Cloud {
        assert!(service("POST /reels").ends_with("api"));
        assert!(service("reel.render").ends_with("reels-processor"));
        assert!(service("deliver event").ends_with("realtime-gateway"));
    }
    let lines = platform.log_lines("processor");
    let of_trace: Vec<&Value> = lines
        .iter()
        .filter(|line| {
            let id = line["logging.googleapis.com/trace"].as_str();
            id.is_some_and(|id| id.ends_with(trace))
        })
        .collect();
    assert!(
        of_trace.iter().any(|line| line["message"] == "published"),
        "{of_trace:#?}"
    );
}

/// The output is fetched as players do, a range first, and is what it should be.
async fn plays(url: &str) {
    let range = Client::new().get(url).header("range", "bytes=0-1023");
    let range = range.send().await.unwrap();
    assert_eq!(range.status(), StatusCode::PARTIAL_CONTENT);
    let whole = range.headers()["content-range"]
        .to_str()
        .unwrap()
        .to_owned();
    let beginning = range.bytes().await.unwrap();
    let video = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    assert_eq!(whole, format!("bytes 0-1023/{}", video.len()));
    assert_eq!(beginning, video[..1024]);

    let file = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    fs::write(file.path(), &video).unwrap();
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_entries"])
        .args(["stream=codec_name,width,height,pix_fmt", "-of", "csv=p=0"])
        .arg(file.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&probe.stdout).trim(),
        "h264,1080,1920,yuv420p"
    );
}
