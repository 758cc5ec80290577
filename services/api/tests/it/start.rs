//! The program: what it refuses to start with, and that it serves.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use avvivo_testkit::{Seen, free_port, wait_for};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{PATIENCE, PROJECT, Settings, TestApp, settings};

/// What must never be printed.
const SECRET: &str = "hunter2";

fn program(settings: &Settings, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avvivo-api"));
    command
        .args(arguments)
        .env_clear()
        .envs(settings)
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn run(settings: &Settings, arguments: &[&str]) -> Output {
    let ended = tokio::time::timeout(PATIENCE, program(settings, arguments).output()).await;
    let output = ended.unwrap().unwrap();
    assert!(!said(&output).contains(SECRET), "{output:?}");
    output
}

fn said(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{out}{err}")
}

fn secrets() -> Settings {
    Settings::from([
        (
            "DATABASE_URL",
            format!("postgres://avvivo:{SECRET}@127.0.0.1:1/avvivo"),
        ),
        ("REDIS_URL", format!("redis://:{SECRET}@127.0.0.1:1")),
        ("HEALTHCHECK_TOKEN", SECRET.to_owned()),
    ])
}

#[tokio::test]
async fn local_stand_ins_and_production_stop_the_start_with_all_problems_at_once() {
    let gcp = gcp_local::GcpLocal::start(gcp_local::Config::default())
        .await
        .unwrap();
    let mut wrong = settings(&gcp);
    wrong.extend(secrets());
    wrong.insert("STORAGE_SIGNING_KEY_FILE", "/tmp/key.json".to_owned());
    wrong.insert("DEV_PEOPLE_FILE", "/tmp/people.json".to_owned());
    wrong.insert("TESTPANEL_RESET_ENABLED", "true".to_owned());
    wrong.insert("FIREBASE_AUTH_EMULATOR_HOST", "127.0.0.1:9099".to_owned());
    wrong.insert("APP_ENV", "production".to_owned());
    wrong.insert("RATE_LIMIT_MAX", "many".to_owned());
    wrong.insert("PORT", "70000".to_owned());
    wrong.remove("GCS_BUCKET");
    for arguments in [&["--check-config"][..], &[]] {
        let output = run(&wrong, arguments).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = said(&output);
        for variable in [
            "PUBSUB_EMULATOR_HOST",
            "STORAGE_BASE_URL",
            "CLOUD_TASKS_BASE_URL",
            "GCE_METADATA_HOST",
            "GOOGLE_OIDC_JWKS_URL",
            "FIREBASE_JWKS_URL",
            "FIREBASE_AUTH_EMULATOR_HOST",
            "STORAGE_SIGNING_KEY_FILE",
            "DEV_PEOPLE_FILE",
            "TESTPANEL_RESET_ENABLED",
            "PUBLIC_BACKEND_URL",
            "GCS_BUCKET",
            "REELS_PROCESSOR_URL",
            "TASKS_SERVICE_ACCOUNT",
            "RATE_LIMIT_MAX",
            "PORT",
        ] {
            assert!(
                said.contains(variable),
                "{variable} is not named in: {said}"
            );
        }
    }
}

#[tokio::test]
async fn running_on_cloud_run_counts_as_production() {
    let gcp = gcp_local::GcpLocal::start(gcp_local::Config::default())
        .await
        .unwrap();
    let mut wrong = settings(&gcp);
    wrong.extend(secrets());
    wrong.insert("K_SERVICE", "api".to_owned());
    let output = run(&wrong, &["--check-config"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[tokio::test]
async fn a_sound_configuration_is_printed_with_its_secrets_masked() {
    let gcp = gcp_local::GcpLocal::start(gcp_local::Config::default())
        .await
        .unwrap();
    let mut sound = settings(&gcp);
    sound.extend(secrets());
    let output = run(&sound, &["--check-config"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = said(&output);
    for variable in [
        "DATABASE_URL",
        "REDIS_URL",
        "HEALTHCHECK_TOKEN",
        "RATE_LIMIT_MAX",
    ] {
        assert!(
            said.contains(variable),
            "{variable} is not shown in: {said}"
        );
    }
}

#[tokio::test]
async fn without_a_database_address_nothing_starts() {
    let output = run(&Settings::new(), &[]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("DATABASE_URL"));
}

#[tokio::test]
async fn the_program_serves_prepares_its_surroundings_and_leaves_in_order() {
    let app = TestApp::start().await;
    let gcp = gcp_local::GcpLocal::start(gcp_local::Config::default())
        .await
        .unwrap();
    let mut variables = settings(&gcp);
    let port = free_port().unwrap();
    variables.insert("DATABASE_URL", app.db.url());
    variables.insert("BIND_ADDRESS", "127.0.0.1".to_owned());
    variables.insert("PORT", port.to_string());
    variables.insert("INTERNAL_GRPC_PORT", "0".to_owned());
    let mut child = program(&variables, &[]).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    wait_for(
        "the program to be ready",
        PATIENCE,
        async || match reqwest::get(format!("{url}/ready")).await {
            Ok(answer) if answer.status().is_success() => Seen::Done(()),
            other => Seen::NotYet(other.map(|answer| answer.status())),
        },
    )
    .await;
    wait_for("the bucket to be there", PATIENCE, async || {
        let bucket = format!("{}/storage/v1/b/avvivo-media", gcp.url());
        match reqwest::get(bucket).await.unwrap().status() {
            status if status.is_success() => Seen::Done(()),
            status => Seen::NotYet(status),
        }
    })
    .await;
    // The api that surrounds it in this test listens to another stand-in.
    wait_for(
        "the program to listen to events",
        PATIENCE,
        async || match subscriptions(&gcp).await {
            names if names.is_empty() => Seen::NotYet(names),
            _ => Seen::Done(()),
        },
    )
    .await;
    let feed = reqwest::get(format!("{url}/reels")).await.unwrap();
    assert_eq!(feed.text().await.unwrap(), "[]");
    let pid = child.id().unwrap().to_string();
    let told = Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .await
        .unwrap();
    assert!(told.success());
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
    let left: Vec<String> = subscriptions(&gcp).await;
    assert_eq!(left, Vec::<String>::new(), "it fills up for nobody");
}

#[tokio::test]
async fn files_that_come_through_the_program_leave_nothing_on_its_disk() {
    let app = TestApp::start().await;
    let owner = app.owner(1).await;
    let (port, home) = (free_port().unwrap(), tempfile::TempDir::new().unwrap());
    let mut variables = app.settings();
    variables.insert("BIND_ADDRESS", "127.0.0.1".to_owned());
    variables.insert("PORT", port.to_string());
    variables.insert("INTERNAL_GRPC_PORT", "0".to_owned());
    variables.insert("TMPDIR", home.path().display().to_string());
    let mut command = program(&variables, &[]);
    let child = command.current_dir(home.path()).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    wait_for(
        "the program to be ready",
        PATIENCE,
        async || match reqwest::get(format!("{url}/ready")).await {
            Ok(answer) if answer.status().is_success() => Seen::Done(()),
            other => Seen::NotYet(other.map(|answer| answer.status())),
        },
    )
    .await;
    let client = reqwest::Client::new();
    let send = async |bytes: Vec<u8>, token: Option<String>| {
        let file = reqwest::multipart::Part::bytes(bytes).file_name("a.png");
        let form = reqwest::multipart::Form::new().part("file", file);
        let asked = client
            .post(format!("{url}/storage/shops/upload"))
            .multipart(form);
        let asked = match token {
            Some(token) => asked.bearer_auth(token),
            None => asked,
        };
        asked.send().await
    };
    let left = || std::fs::read_dir(home.path()).unwrap().count();
    let token = app.token(&owner.person);
    // Whoever is refused early may still be sending when the line is closed.
    if let Ok(answer) = send(vec![7; 10 << 20], None).await {
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(left(), 0);
    if let Ok(answer) = send(vec![7; 11 << 20], Some(token.clone())).await {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(left(), 0);
    let picture = crate::storage::picture(image::ImageFormat::Png);
    assert_eq!(send(picture, Some(token)).await.unwrap().status(), 200);
    assert_eq!(left(), 0);
    drop(child);
}

/// The names of the subscriptions there are.
async fn subscriptions(gcp: &gcp_local::GcpLocal) -> Vec<String> {
    let url = format!("{}/v1/projects/{PROJECT}/subscriptions", gcp.url());
    let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let found = listed["subscriptions"].as_array().into_iter().flatten();
    found
        .map(|subscription| subscription["name"].as_str().unwrap().to_owned())
        .collect()
}
