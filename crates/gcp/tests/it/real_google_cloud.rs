//! The contracts on real Google Cloud. Off unless asked for, see the README: it costs money and
//! needs a project made for it.

use avvivo_gcp::{CloudStorage, Environment, PubSubBus, PubSubConfig, StorageConfig};

use crate::clients;
use crate::contract::{event_bus, fresh, object_store};

/// Over TLS and without credentials, which are looked for at the first call: a process that links
/// two TLS providers, or none, would already fail here.
#[tokio::test]
async fn clients_for_google_cloud_can_be_built_anywhere() {
    let google = Environment::Google;
    clients::queue(&google, "https://processor.example/").await;
    clients::bus(&google).await;
    clients::store(&google).await;
}

struct Sandbox {
    project: String,
    bucket: String,
}

/// The sandbox to run in; never one that happens to be configured on the machine.
fn sandbox() -> Sandbox {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    assert_eq!(variable("AVVIVO_TEST_REAL_GCP"), "1");
    Sandbox {
        project: variable("AVVIVO_TEST_REAL_GCP_PROJECT"),
        bucket: variable("AVVIVO_TEST_REAL_GCP_BUCKET"),
    }
}

#[tokio::test]
#[ignore = "needs a project of Google's, and costs money"]
async fn real_google_cloud_pubsub_keeps_the_contract() {
    let sandbox = sandbox();
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
#[ignore = "needs a project of Google's, and costs money"]
async fn real_google_cloud_storage_keeps_the_contract() {
    let sandbox = sandbox();
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
    object_store::bytes_in_memory_are_stored_and_read_within_a_limit(&store).await;
    object_store::a_generation_is_read_or_missing(&store).await;
    object_store::a_listing_is_ordered_and_bounded(&store).await;
    object_store::a_signed_upload_is_bound_to_what_was_signed(&store).await;
}
