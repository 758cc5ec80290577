//! The contracts on real Google Cloud. Off unless asked for, see the README: it costs money and
//! needs a project made for it.

use avvivo_gcp::{CloudStorage, Environment, PubSubBus, PubSubConfig, StorageConfig};

use crate::contract::{event_bus, fresh, object_store};

struct Sandbox {
    project: String,
    bucket: String,
}

/// The sandbox to run in, when the switch is set.
fn sandbox(test: &str) -> Option<Sandbox> {
    if std::env::var("AVVIVO_TEST_REAL_GCP").as_deref() != Ok("1") {
        eprintln!("NOT RUN: {test} needs AVVIVO_TEST_REAL_GCP=1");
        return None;
    }
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    Some(Sandbox {
        project: variable("AVVIVO_TEST_REAL_GCP_PROJECT"),
        bucket: variable("AVVIVO_TEST_REAL_GCP_BUCKET"),
    })
}

#[tokio::test]
async fn real_google_cloud_pubsub_keeps_the_contract() {
    let Some(sandbox) = sandbox("Pub/Sub") else {
        return;
    };
    let config = PubSubConfig {
        topic: fresh("avvivo-contract"),
        ..PubSubConfig::new(sandbox.project)
    };
    let bus = PubSubBus::connect(&Environment::Google, config)
        .await
        .unwrap();
    bus.ensure_topic().await.unwrap();
    event_bus::order_is_kept_within_an_audience(&bus).await;
    event_bus::every_instance_hears_everything(&bus).await;
    event_bus::a_dropped_delivery_comes_again(&bus).await;
    event_bus::a_class_hears_only_its_own(&bus).await;
    event_bus::an_instance_that_comes_back_hears_what_is_new(&bus).await;
    event_bus::a_refused_event_holds_back_its_audience_and_nobody_else(&bus).await;
    bus.close().await;
}

#[tokio::test]
async fn real_google_cloud_storage_keeps_the_contract() {
    let Some(sandbox) = sandbox("Cloud Storage") else {
        return;
    };
    let config = StorageConfig {
        bucket: sandbox.bucket,
        public_base_url: None,
        upload_endpoint: None,
    };
    let store = CloudStorage::connect(&Environment::Google, config)
        .await
        .unwrap();
    object_store::what_is_uploaded_can_be_read_listed_and_deleted(&store).await;
    object_store::a_repeated_upload_is_adopted_and_a_different_one_refused(&store).await;
    object_store::a_download_stops_at_its_limit(&store).await;
    object_store::a_generation_is_read_or_missing(&store).await;
    object_store::a_listing_is_ordered_and_bounded(&store).await;
    object_store::a_signed_upload_is_bound_to_what_was_signed(&store).await;
}
