//! A whole platform, started by the command, with everything needed to try it and to look behind it.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use avvivo_service_kit::crypto::install_crypto;
use avvivo_testkit::{Seen, free_port, wait_for};
use http::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    PATIENCE,
    collector::Collector,
    command::{READY_FILE, Running, reset, variables},
    database::Rows,
    google::Google,
    people::{Person, Shop},
    processes::{self, Process},
    programs::require_services,
};

/// How the services run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All in one process.
    Single,
    /// Each a process of its own, two apis and two gateways among them, behind nginx.
    Cloud,
}

/// A platform that runs.
pub(crate) struct Platform {
    pub(crate) shape: Shape,
    pub(crate) command: Running,
    pub(crate) collector: Collector,
    pub(crate) google: Google,
    pub(crate) rows: Rows,
    variables: BTreeMap<String, String>,
    ports: Value,
    home: TempDir,
}

/// A folder for data that the database's user can reach.
pub(crate) fn home() -> TempDir {
    folder(0o755)
}

/// One that only we can enter, as root's own are.
pub(crate) fn shut_home() -> TempDir {
    folder(0o700)
}

fn folder(mode: u32) -> TempDir {
    tempfile::Builder::new()
        .prefix("avvivo-e2e-")
        .permissions(Permissions::from_mode(mode))
        .tempdir()
        .unwrap()
}

impl Platform {
    /// Starts one, with its telemetry sent to a collector and its logs as the cloud wants them.
    pub(crate) async fn start(shape: Shape) -> Self {
        install_crypto();
        require_services();
        let home = match shape {
            Shape::Single => home(),
            // As in a checkout of root's, which nobody else can enter.
            Shape::Cloud => shut_home(),
        };
        let data = home.path().join("data");
        let collector = Collector::start().await;
        let port = free_port().unwrap().to_string();
        let command = launch(shape, home.path(), &port, &collector).await;
        let ports = fs::read(data.join("ports.json")).unwrap();
        let servers = variables(&data.join("servers.env"));
        let platform = Self {
            shape,
            command,
            collector,
            google: Google::at(&servers["GOOGLE_URL"]),
            rows: Rows::at(&servers["DATABASE_URL"]),
            variables: variables(&data.join("dev.env")),
            ports: serde_json::from_slice(&ports).unwrap(),
            home,
        };
        for number in [1, 2] {
            platform.rows.give_quota(platform.shop(number).id).await;
        }
        platform
    }

    /// Starts it again, after its end.
    pub(crate) async fn start_again(&mut self) {
        let (_, port) = self.base_url().rsplit_once(':').unwrap();
        // One that was killed could not take it back.
        let ready = self.data().join(READY_FILE);
        drop(fs::remove_file(ready));
        self.command = launch(self.shape, self.home.path(), port, &self.collector).await;
    }

    /// The one address that people know.
    pub(crate) fn base_url(&self) -> &str {
        &self.variables["BASE_URL"]
    }

    /// Each gateway's own address.
    pub(crate) fn gateways(&self) -> Vec<String> {
        match self.shape {
            Shape::Single => vec![self.base_url().to_owned()],
            Shape::Cloud => ["gateway", "second_gateway"]
                .map(|name| self.url_of(name))
                .into(),
        }
    }

    /// The address of one of its ports.
    pub(crate) fn url_of(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}", self.ports[name])
    }

    pub(crate) fn shop(&self, number: u8) -> Shop {
        Shop {
            owner: self.person(&format!("TOKEN_SHOP_{number}")),
            id: self.variables[&format!("SHOP_{number}_ID")]
                .parse()
                .unwrap(),
        }
    }

    pub(crate) fn client(&self, number: u8) -> Person {
        self.person(&format!("TOKEN_CLIENT_{number}"))
    }

    fn person(&self, variable: &str) -> Person {
        Person::new(self.base_url(), self.variable(variable))
    }

    /// What `dev.env` says.
    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// Where a service answers by itself; where all are one process, some answer for the others.
    pub(crate) fn service_url(&self, port: &str) -> String {
        match (self.shape, port) {
            (Shape::Single, "api") => self.base_url().to_owned(),
            _ => self.url_of(port),
        }
    }

    /// Waits until everybody sees the feed as it `should_be`. Lists are cached, and the cache hears of changes.
    pub(crate) async fn feed_is(&self, what: &str, should_be: impl Fn(&[Uuid]) -> bool) {
        let anybody = Person::anybody(self.base_url());
        wait_for(&format!("the feed {what}"), PATIENCE, async || {
            let feed = anybody.reel_ids("/reels").await;
            if should_be(&feed) {
                Seen::Done(())
            } else {
                Seen::NotYet(feed)
            }
        })
        .await;
    }

    /// The folder with its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// The process of a service; all services are in the command's own where they are not by themselves.
    pub(crate) fn process(&self, port: &str) -> Option<Process> {
        match self.shape {
            Shape::Single => processes::with_id(self.command.id()),
            Shape::Cloud => processes::with_variable("PORT", &self.ports[port].to_string()),
        }
    }

    /// Waits for a service that was killed to be there again, as another process.
    pub(crate) async fn restarted(&self, port: &str, dead: &Process) -> Process {
        let ready = format!("{}/ready", self.url_of(port));
        wait_for("the service to be started again", PATIENCE, async || {
            let process = self.process(port);
            let answer = reqwest::get(&ready).await.map(|answer| answer.status());
            match process {
                Some(process)
                    if process.pid != dead.pid
                        && answer.as_ref().is_ok_and(StatusCode::is_success) =>
                {
                    Seen::Done(process)
                }
                process => Seen::NotYet((process, answer)),
            }
        })
        .await
    }

    /// The lines that a service has logged.
    pub(crate) fn log_lines(&self, service: &str) -> Vec<Value> {
        let log = match self.shape {
            Shape::Single => self.command.log(),
            Shape::Cloud => read(&self.log_file(service)),
        };
        // The command itself speaks to people, in between.
        let lines = log.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn log_file(&self, service: &str) -> PathBuf {
        self.data().join("processes").join(format!("{service}.log"))
    }

    /// The ends of all logs, for a test that failed.
    pub(crate) fn logs(&self) -> String {
        let mut logs = tail("platform", &self.command.log());
        for entry in fs::read_dir(self.data().join("processes"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            logs += &tail(&path.display().to_string(), &read(&path));
        }
        logs
    }
}

impl Drop for Platform {
    /// The private servers' data may be elsewhere, and would outlive the folder.
    fn drop(&mut self) {
        reset(&self.data());
    }
}

/// Starts the command over the data in `home`, and waits until all is ready.
async fn launch(shape: Shape, home: &Path, port: &str, collector: &Collector) -> Running {
    let data = home.join("data");
    let mut arguments = vec!["dev", "--data", data.to_str().unwrap(), "--port", port];
    if shape == Shape::Cloud {
        arguments.push("--cloud");
    }
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let environment = BTreeMap::from([
        set("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin"),
        set("RUST_LOG", "info"),
        set("LOG_FORMAT", "json"),
        set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
    ]);
    let mut command = Running::start(home, "platform", &arguments, environment);
    command.ready(&data).await;
    command
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn tail(name: &str, log: &str) -> String {
    const LINES: usize = 60;
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n");
    format!("--- {name}\n{last}\n")
}
