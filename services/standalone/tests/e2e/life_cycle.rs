//! The command itself: started, found again, stopped, killed, forgotten; two of them side by side.

mod starts;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::free_port;
use rustix::process::Signal;
use uuid::Uuid;

use crate::support::{
    command::{Running, Said, reset, run, run_with, variables},
    janitor::Janitor,
    people::Person,
    platform::{home, shut_home},
    processes,
};

/// A start that finds its data, on two cores that others use too; alone it takes two seconds.
const QUICK: Duration = Duration::from_secs(30);

/// What `dev.env` promises to scripts.
const PROMISED: [&str; 11] = [
    "BASE_URL",
    "TOKEN_ADMIN",
    "TOKEN_SHOP_1",
    "TOKEN_SHOP_2",
    "TOKEN_CLIENT_1",
    "TOKEN_CLIENT_2",
    "TOKEN_SUSPENDED",
    "SHOP_1_ID",
    "SHOP_2_ID",
    "CLIENT_1_ID",
    "CLIENT_2_ID",
];

/// A data folder and the port that people use.
struct Home {
    data: PathBuf,
    port: String,
    _janitor: Janitor,
}

impl Home {
    fn below(folder: &Path) -> Self {
        let data = folder.join("data");
        Self {
            _janitor: Janitor::of(&data),
            data,
            port: free_port().unwrap().to_string(),
        }
    }

    fn folder(&self) -> &str {
        self.data.to_str().unwrap()
    }

    async fn dev(&self, more: &[&str]) -> Said {
        run(&[&["dev", "--data", self.folder()], more].concat()).await
    }

    async fn detach(&self) -> String {
        self.dev(&["--port", &self.port, "--detach"]).await.well()
    }

    async fn feed(&self) -> Vec<Uuid> {
        let url = format!("http://127.0.0.1:{}", self.port);
        Person::anybody(&url).reel_ids("/reels").await
    }
}

impl Drop for Home {
    /// What a failed test leaves in the background.
    fn drop(&mut self) {
        reset(&self.data);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_platforms_live_side_by_side_and_end_without_a_trace() {
    install_crypto();
    let open = home();
    // As in a checkout of root's: the database's user cannot reach it.
    let shut = shut_home();
    let (first, second) = (Home::below(open.path()), Home::below(shut.path()));

    let (said, _) = tokio::join!(first.detach(), second.detach());
    assert!(
        said.contains(&format!("runs at http://127.0.0.1:{}", first.port)),
        "{said}"
    );
    let told: BTreeMap<_, _> = variables(&first.data.join("dev.env"));
    assert!(
        PROMISED.iter().all(|name| told.contains_key(*name)),
        "{told:?}"
    );
    let (one, other) = (first.feed().await, second.feed().await);
    assert_eq!((one.len(), other.len()), (1, 1));
    assert_ne!(one, other);

    let again = first.dev(&[]).await.badly();
    assert!(again.contains("it runs already"), "{again}");
    assert_eq!(first.detach().await, said, "it runs, which was wanted");
    a_taken_port_is_named(open.path(), &first.port).await;

    first.dev(&["--stop"]).await.well();
    processes::none_around(&first.data).await;
    let twice = first.dev(&["--stop"]).await.well();
    assert!(twice.contains("nothing runs"), "{twice}");
    assert_eq!(second.feed().await, other, "the other one goes on");

    a_second_start_is_quick_and_keeps_the_data(&first, &one).await;
    after_a_kill_it_starts_again_and_a_reset_forgets_all(&second, &other).await;
}

async fn a_taken_port_is_named(folder: &Path, port: &str) {
    let third = folder.join("third");
    let said = run(&["dev", "--data", third.to_str().unwrap(), "--port", port]).await;
    let said = said.badly();
    assert!(said.contains(&format!("port {port} is taken")), "{said}");
    processes::none_around(&third).await;
}

async fn a_second_start_is_quick_and_keeps_the_data(home: &Home, feed: &[Uuid]) {
    let logs = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut command = Running::dev(logs.path(), &home.data, &["--port", &home.port]);
    command.ready(&home.data).await;
    let took = began.elapsed();
    assert!(took < QUICK, "{took:?}");
    assert!(!command.log().contains("sample"), "{}", command.log());
    assert_eq!(home.feed().await, feed);

    command.signal(Signal::INT);

    let status = command.ended().await;
    assert!(status.success(), "{status}: {}", command.log());
    processes::none_around(&home.data).await;
    assert!(!home.data.join("dev.ready").exists());
    let secrets = fs::metadata(home.data.join("dev.env")).unwrap();
    assert_eq!(secrets.permissions().mode() & 0o777, 0o600);
}

async fn after_a_kill_it_starts_again_and_a_reset_forgets_all(home: &Home, feed: &[Uuid]) {
    let pid = fs::read_to_string(home.data.join("running.lock")).unwrap();
    let command = processes::with_id(pid.trim().parse().unwrap()).unwrap();
    let servers = command.folder_of_servers();

    command.kill();

    processes::none_around(&home.data).await;
    processes::none_around(&servers).await;
    let nothing = home.dev(&["--stop"]).await.well();
    assert!(nothing.contains("nothing runs"), "{nothing}");
    home.detach().await;
    assert_eq!(home.feed().await, feed);

    home.dev(&["--reset"]).await.well();

    processes::none_around(&home.data).await;
    processes::none_around(&servers).await;
    assert!(!home.data.exists());
    assert!(!servers.exists(), "{}", servers.display());
}

#[tokio::test]
async fn missing_programs_are_named_with_the_command_that_installs_them() {
    let home = home();
    let data = home.path().join("data");
    let arguments = ["dev", "--data", data.to_str().unwrap()];

    let said = run_with(&arguments, &[("PATH", "/nonexistent")])
        .await
        .badly();

    assert!(said.contains("sudo apt-get install ffmpeg"), "{said}");
    assert!(said.contains("redis-server"), "{said}");
}

#[tokio::test]
async fn a_folder_of_somebody_elses_is_not_deleted() {
    let home = home();
    let file = home.path().join("tesis.odt");
    fs::write(&file, "años de trabajo").unwrap();
    let folder = home.path().to_str().unwrap();

    // A start must not make it ours, or the reset after it would be right to delete it.
    for start in [
        &["dev", "--data", folder][..],
        &["dev", "--detach", "--data", folder],
        &["serve", "--data", folder],
    ] {
        let said = run(start).await.badly();
        assert!(said.contains("was not made by avvivo"), "{said}");
    }
    let said = run(&["dev", "--reset", "--data", folder]).await.badly();

    assert!(said.contains("was not made by avvivo"), "{said}");
    assert!(file.exists());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
