//! The object store on gcp-local.

use std::time::Duration;

use avvivo_gcp::{CloudStorage, Environment, LocalServer, StorageConfig};
use avvivo_ports::{ObjectStore as _, StoreError, UploadGrant};
use reqwest::{Method, StatusCode};

use crate::contract::object_store::{self as contract, Files, grant, object, put};
use crate::{clients, local};

macro_rules! keeps_the_contract {
    ($($name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let server = local::start().await;
            let store = clients::ready_store(&local::environment(&server)).await;
            contract::$name(&store).await;
        }
    )+};
}

keeps_the_contract!(
    what_is_uploaded_can_be_read_listed_and_deleted,
    a_repeated_upload_is_adopted_and_a_different_one_refused,
    a_download_stops_at_its_limit,
    a_download_never_overwrites_a_file,
    bytes_in_memory_are_stored_and_read_within_a_limit,
    a_generation_is_read_or_missing,
    a_listing_is_ordered_and_bounded,
    a_signed_upload_is_bound_to_what_was_signed,
);

#[tokio::test]
async fn a_signed_upload_expires() {
    let server = local::start().await;
    let store = clients::ready_store(&local::environment(&server)).await;
    let path = object("late.mp4");
    let minute = UploadGrant {
        expires_in: Duration::from_mins(1),
        ..grant(&path, None)
    };
    let signed = store.sign_upload(&minute).await.unwrap();
    server.clock().advance(Duration::from_secs(61));
    assert!(put(&signed, "late").await.is_client_error());
    assert_eq!(store.stat(&path).await.unwrap(), None);
}

#[tokio::test]
async fn browsers_of_our_pages_may_upload_and_everybody_may_read() {
    let server = local::start().await;
    let store = clients::ready_store(&local::environment(&server)).await;
    let path = object("page.mp4");
    let signed = store.sign_upload(&grant(&path, Some(4))).await.unwrap();
    for (origin, allowed) in [
        ("https://shop.example", true),
        ("https://evil.example", false),
    ] {
        let preflight = reqwest::Client::new()
            .request(Method::OPTIONS, &signed.url)
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "content-type,x-goog-content-length-range",
            )
            .send()
            .await
            .unwrap();
        let answer = preflight.headers().get("access-control-allow-origin");
        assert_eq!(answer.is_some(), allowed, "{origin}");
    }
    assert_eq!(put(&signed, "page").await, StatusCode::OK);
    let public = format!("{}/media/{path}", server.url());
    assert_eq!(
        reqwest::get(public).await.unwrap().text().await.unwrap(),
        "page"
    );
}

#[tokio::test]
async fn an_output_is_served_with_its_type_and_cache_policy() {
    let server = local::start().await;
    let store = clients::ready_store(&local::environment(&server)).await;
    let files = Files::new();
    let file = files.with("out", b"bytes");
    let path = object("out.jpg");
    let upload = avvivo_ports::Upload {
        content: avvivo_ports::Content::File(&file),
        path: path.clone(),
        content_type: "image/jpeg",
        cache_control: "public, max-age=60",
    };
    store.upload(upload).await.unwrap();
    let public = format!("{}/media/{path}", server.url());
    let answer = reqwest::get(public).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=60");
}

#[tokio::test]
async fn the_bucket_may_be_ensured_again_with_other_origins() {
    let server = local::start().await;
    let store = clients::ready_store(&local::environment(&server)).await;
    let origins = ["https://new.example".to_owned()];
    store
        .ensure_bucket(clients::PROJECT, &origins)
        .await
        .unwrap();
    let path = object("page.mp4");
    let signed = store.sign_upload(&grant(&path, None)).await.unwrap();
    let preflight = reqwest::Client::new()
        .request(Method::OPTIONS, &signed.url)
        .header("origin", "https://new.example")
        .header("access-control-request-method", "PUT")
        .send()
        .await
        .unwrap();
    assert!(
        preflight
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

#[tokio::test]
async fn uploads_go_where_clients_reach_the_store() {
    let server = local::start().await;
    let config = StorageConfig {
        bucket: "media".to_owned(),
        public_base_url: Some("https://cdn.example/media/".to_owned()),
        upload_endpoint: Some("https://uploads.example".to_owned()),
    };
    let store = CloudStorage::connect(&local::environment(&server), config)
        .await
        .unwrap();
    let path = object("a.mp4");
    let signed = store.sign_upload(&grant(&path, None)).await.unwrap();
    assert!(
        signed.url.starts_with("https://uploads.example/media/"),
        "{}",
        signed.url
    );
    assert_eq!(
        store.public_url(&path),
        format!("https://cdn.example/media/{path}")
    );
    assert_eq!(store.path_of(&store.public_url(&path)), Some(path));
    assert_eq!(store.bucket(), "media");
}

#[tokio::test]
async fn without_a_key_nothing_is_signed() {
    let environment = Environment::Local(LocalServer::at("http://127.0.0.1:9", None));
    let store = clients::store(&environment).await;
    let refused = store.sign_upload(&grant(&object("a.mp4"), None)).await;
    assert!(
        matches!(refused, Err(StoreError::Refused { .. })),
        "{refused:?}"
    );
}
