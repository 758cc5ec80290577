//! The real process, from ready to gone.

use std::{net::SocketAddr, time::Duration};

use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::free_port;
use gcp_local::GcpLocal;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::{
    api::Past,
    events::{publish, withdrawn},
    people::client,
    sse::Sse,
    world::{PATIENCE, PROJECT, Settings, publisher, settings, start_api, wait_for_ready},
};

pub(crate) fn start(settings: &Settings) -> (Child, String) {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port().unwrap()));
    let child = Command::new(env!("CARGO_BIN_EXE_avvivo-realtime-gateway"))
        .env_clear()
        .envs(settings)
        .env("PORT", address.port().to_string())
        .env("BIND_ADDRESS", address.ip().to_string())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    (child, format!("http://{address}"))
}

async fn subscriptions(google: &GcpLocal) -> usize {
    let url = format!("{}/v1/projects/{PROJECT}/subscriptions", google.url());
    let list: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    list["subscriptions"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_leave_ends_its_streams_kindly_and_leaves_nothing_behind() {
    install_crypto();
    let google = GcpLocal::start(gcp_local::Config::default()).await.unwrap();
    let (_api, api_url) = start_api(google.addr(), "avvivo-api", Past::default()).await;
    let (mut process, url) = start(&settings(google.addr(), &api_url));
    wait_for_ready(&url, true).await;
    let mut streams = Vec::new();
    for number in 0..5 {
        let mut stream = Sse::open(&url, &client(number)).await;
        assert_eq!(stream.next().await.event, "chat:connected");
        streams.push(stream);
    }
    let bus = publisher(google.addr()).await;
    publish(&bus, &[withdrawn(1)]).await;
    for stream in &mut streams {
        assert_eq!(stream.next().await.event, "reels:withdrawn");
    }
    assert_eq!(subscriptions(&google).await, 1);

    let id = i32::try_from(process.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
    for stream in &mut streams {
        let last = stream.next().await;
        assert_eq!(
            (last.event.as_str(), last.data["reason"].as_str()),
            ("chat:resync", Some("draining"))
        );
        assert!((2_000..=15_000).contains(&last.retry.unwrap()));
        stream.ends().await;
    }
    let status = tokio::time::timeout(Duration::from_secs(10), process.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "{status}");
    assert_eq!(
        subscriptions(&google).await,
        0,
        "the subscription went with the process"
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_before_anything_is_opened() {
    let settings = Settings::from([
        ("GATEWAY_MAX_CONNECTIONS", "0".to_owned()),
        ("API_INTERNAL_URL", "ftp://x".to_owned()),
    ]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_avvivo-realtime-gateway"));
    let output = tokio::time::timeout(PATIENCE, command.env_clear().envs(&settings).output()).await;
    let output = output.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("GATEWAY_MAX_CONNECTIONS") && said.contains("API_INTERNAL_URL"),
        "{said}"
    );
}
