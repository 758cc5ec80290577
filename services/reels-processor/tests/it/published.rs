//! Reels that turn out well.

use std::path::Path;

use avvivo_contracts::events::v1::event::Payload;
use http::{StatusCode, header};
use tempfile::NamedTempFile;

use crate::{house::House, samples};

#[tokio::test(flavor = "multi_thread")]
async fn a_video_ends_active_with_its_outputs_in_the_store_and_events_in_the_outbox() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;

    let answer = running.ask(house.task(reel)).await;

    assert_eq!(
        (answer.status, answer.outcome()),
        (StatusCode::OK, "published")
    );
    let row = house.row(reel).await;
    assert_eq!(row.status, "ACTIVE");
    assert_eq!(
        (row.stage.as_deref(), row.render_progress),
        (Some("DONE"), 100)
    );
    assert_eq!((row.lease_token, row.duration_seconds), (None, 2));
    let video = row.video_url.unwrap();
    assert!(
        video.contains(&format!("/processed/shops/{}/{reel}-", house.shop)),
        "{video}"
    );
    assert_eq!(probe(&video).await, "1080,1920");
    assert_eq!(probe(&row.thumbnail_url.unwrap()).await, "720,1280");
    assert_eq!(house.stored_outputs().await.len(), 2);
    assert!(
        house.buried_outputs().await.is_empty(),
        "published outputs are not deleted"
    );
    let report = row.render_report.unwrap();
    assert_eq!(report["workerOverlayStatus"], "NOT_PROVIDED");
    let entry = &report["workerRenderDiagnostics"]["videoRender"];
    assert_eq!(
        (&entry["output"]["width"], &entry["source"]["width"]),
        (&1080.into(), &640.into())
    );
    assert!(
        !report
            .to_string()
            .contains(house.temp.path().to_str().unwrap())
    );
    assert_eq!(house.job_folders(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_hears_every_stage_in_order_and_everybody_hears_of_the_reel_once() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;

    running.ask(house.task(reel)).await;

    let news = house.status_events().await;
    let mut stages: Vec<&str> = news.iter().map(|news| news.stage.as_str()).collect();
    stages.dedup();
    assert_eq!(stages, ["", "CLAIMED", "START", "RENDER_VIDEO", "DONE"]);
    let rendering: Vec<u32> = news
        .iter()
        .filter(|news| news.stage == "RENDER_VIDEO")
        .map(|news| news.progress)
        .collect();
    assert!(rendering.is_sorted_by(|a, b| a < b), "{rendering:?}");
    assert!(
        rendering.iter().all(|progress| *progress < 100),
        "{rendering:?}"
    );
    assert_eq!(
        news.last()
            .map(|news| (news.status.as_str(), news.progress)),
        Some(("ACTIVE", 100))
    );
    let events = house.events().await;
    let published: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.payload {
            Some(Payload::ReelPublished(reel)) => Some(reel),
            _ => None,
        })
        .collect();
    assert_eq!(published.len(), 1);
    assert_eq!(
        published[0].video_url,
        house.row(reel).await.video_url.unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_set_is_rendered_photo_by_photo_under_its_overlay() {
    let house = House::open().await;
    let reel = house
        .publish_photos(&samples::photo(), 3, &samples::overlay())
        .await;
    let running = house.processor().await;

    let answer = running.ask(house.task(reel)).await;

    assert_eq!(answer.outcome(), "published");
    let row = house.row(reel).await;
    assert_eq!((row.status.as_str(), row.video_url), ("ACTIVE", None));
    assert_eq!(row.photo_urls.len(), 3);
    assert_eq!(row.thumbnail_url.as_ref(), row.photo_urls.first());
    assert_eq!(
        row.duration_seconds, 10,
        "photos have no length of their own"
    );
    for photo in &row.photo_urls {
        assert_eq!(probe(photo).await, "1080,1920");
    }
    assert!(house.buried_outputs().await.is_empty());
    let report = row.render_report.unwrap();
    assert_eq!(report["workerOverlayStatus"], "DOWNLOADED");
    let photos = report["workerRenderDiagnostics"]["photoRenders"]
        .as_array()
        .unwrap();
    assert_eq!(photos.len(), 3);
    assert_eq!(
        (
            &photos[2]["source"]["mediaIndex"],
            &photos[2]["overlay"]["source"]
        ),
        (&2.into(), &"downloaded".into())
    );
    let stages: Vec<String> = house
        .status_events()
        .await
        .into_iter()
        .map(|news| news.stage)
        .collect();
    assert!(
        stages.contains(&"RENDER_PHOTO_SET".to_owned()),
        "{stages:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlay_that_is_no_image_is_left_out_and_reported() {
    let house = House::open().await;
    let text = NamedTempFile::with_suffix(".png").unwrap();
    std::fs::write(text.path(), "not a picture").unwrap();
    let reel = house
        .publish_photos(&samples::photo(), 1, text.path())
        .await;
    let running = house.processor().await;

    assert_eq!(running.ask(house.task(reel)).await.outcome(), "published");

    let report = house.row(reel).await.render_report.unwrap();
    assert_eq!(report["workerOverlayStatus"], "DOWNLOAD_FAILED");
    assert!(report["workerOverlayError"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_task_delivered_twice_renders_once() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;
    running.ask(house.task(reel)).await;
    let (row, events) = (house.row(reel).await, house.events().await.len());

    let again = running.ask(house.task(reel)).await;

    assert_eq!(
        (again.status, again.outcome()),
        (StatusCode::OK, "nothing_to_do")
    );
    assert_eq!(house.row(reel).await, row);
    assert_eq!(house.events().await.len(), events);
    assert_eq!(house.stored_outputs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_and_metrics_tell_how_it_is_doing() {
    let house = House::open().await;
    let reel = house.publish_video(&samples::short_video()).await;
    let running = house.processor().await;
    assert_eq!(running.get("/health").await.status, StatusCode::OK);
    assert_eq!(running.get("/ready").await.status, StatusCode::OK);
    running.ask(house.task(reel)).await;

    let metrics = running.get("/metrics").await.body.to_string();
    assert!(
        metrics.contains("avvivo_render_attempts_total"),
        "{metrics}"
    );
    assert!(
        metrics.contains("avvivo_render_time_per_media_second_count"),
        "{metrics}"
    );
}

/// What anybody gets at a public address: its width and height, after making sure that caches may keep it.
async fn probe(url: &str) -> String {
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(
        response.headers()[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), response.bytes().await.unwrap()).unwrap();
    dimensions(file.path())
}

fn dimensions(file: &Path) -> String {
    let output = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v",
            "-show_entries",
            "stream=width,height",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
