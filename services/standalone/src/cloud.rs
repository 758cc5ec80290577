//! Each service a process of its own, two apis and two gateways among them, behind nginx: the shape of the cloud.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use avvivo_local_servers::{PrivateProcess, Program};
use avvivo_postgres::{Database, DatabaseOptions};
use avvivo_service_kit::{Lifecycle, config::Env};
use tokio::task::spawn_blocking;

use crate::{
    place::Place,
    ports::{Claimed, Ports},
    settings::{self, Instance, Neighbours, Variables},
};

/// How often to look whether they still run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A process that dies more often than this in all has something that a restart does not mend.
const MAX_RESTARTS: u32 = 50;

/// A process to run.
#[derive(Clone)]
struct Service {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Variables,
}

/// A process that is started again whenever it dies, as the platform in the cloud does.
struct Kept {
    service: Service,
    folder: PathBuf,
    process: PrivateProcess,
    restarts: u32,
}

impl Kept {
    fn start(folder: &Path, service: Service) -> anyhow::Result<Self> {
        let process = service.start(folder)?;
        Ok(Self {
            service,
            folder: folder.to_owned(),
            process,
            restarts: 0,
        })
    }

    fn look(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.process.exited()? else {
            return Ok(());
        };
        anyhow::ensure!(
            self.restarts < MAX_RESTARTS,
            "{} ended with {status}, again; read {}",
            self.service.name,
            self.process.log().display()
        );
        tracing::warn!(process = self.service.name, %status, "a process ended and is started again");
        self.process = self.service.start(&self.folder)?;
        self.restarts = self.restarts.saturating_add(1);
        Ok(())
    }
}

impl Service {
    fn start(&self, folder: &Path) -> anyhow::Result<PrivateProcess> {
        let Self {
            name,
            program,
            arguments,
            variables,
        } = self.clone();
        Ok(PrivateProcess::start(
            folder, name, program, arguments, variables,
        )?)
    }
}

/// Starts them all. They end with this process, in order when it ends in order.
pub(crate) async fn start(
    place: &Place,
    to: &Neighbours,
    claimed: &mut Claimed,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let db = Database::lazy(&to.database_url, &DatabaseOptions::default())?;
    db.migrate().await?;
    db.close().await;
    let folder = place.file("processes");
    let mut services = services(to, &claimed.ports)?;
    services.push(proxy(place, &claimed.ports)?);
    claimed.hand_out_public();
    let mut kept = spawn_blocking(move || {
        let started = services
            .into_iter()
            .map(|service| Kept::start(&folder, service));
        started.collect::<anyhow::Result<Vec<_>>>()
    })
    .await??;
    let stop = lifecycle.stopping().clone();
    lifecycle.spawn("service processes", async move {
        let mut looked = Ok(());
        while looked.is_ok()
            && stop
                .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
                .await
                .is_some()
        {
            looked = kept.iter_mut().try_for_each(Kept::look);
        }
        // The others drain in order, whatever became of one of them.
        let processes = kept.into_iter().map(|kept| kept.process).collect();
        let stopped = spawn_blocking(move || PrivateProcess::stop_all(processes)).await?;
        looked.and(stopped.map_err(Into::into))
    });
    lifecycle.set_ready();
    Ok(())
}

fn services(to: &Neighbours, ports: &Ports) -> anyhow::Result<Vec<Service>> {
    let service = |name, program, told: Variables| -> anyhow::Result<Service> {
        // What the person who started us set (`RUST_LOG`, an OTLP endpoint) is meant for the services.
        let mut variables = Env::from_process().into_variables();
        variables.extend(told);
        Ok(Service {
            name,
            program: beside_us(program)?,
            arguments: Vec::new(),
            variables,
        })
    };
    Ok(vec![
        service(
            "api-1",
            "avvivo-api",
            settings::api(to, ports, Instance::First),
        )?,
        service(
            "api-2",
            "avvivo-api",
            settings::api(to, ports, Instance::Second),
        )?,
        service(
            "processor",
            "avvivo-reels-processor",
            settings::processor(to, ports),
        )?,
        service(
            "scheduler",
            "avvivo-scheduler",
            settings::scheduler(to, ports),
        )?,
        service(
            "gateway-1",
            "avvivo-realtime-gateway",
            settings::gateway(to, ports, Instance::First),
        )?,
        service(
            "gateway-2",
            "avvivo-realtime-gateway",
            settings::gateway(to, ports, Instance::Second),
        )?,
    ])
}

fn proxy(place: &Place, ports: &Ports) -> anyhow::Result<Service> {
    let config = write_proxy_config(place, ports)?;
    Ok(Service {
        name: "nginx",
        program: Program::Nginx.locate()?,
        arguments: vec![
            "-c".into(),
            config.into(),
            "-g".into(),
            "daemon off;".into(),
        ],
        variables: Variables::new(),
    })
}

/// The services are built into the folder that this program is in.
fn beside_us(program: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(program);
    anyhow::ensure!(
        path.exists(),
        "{} is not built; run scripts/dev --cloud",
        path.display()
    );
    Ok(path)
}

/// One address for everything: streams to the gateways, the rest to the apis. Whoever was away a moment ago is asked again at
/// once: a process that died is back within a second.
fn write_proxy_config(place: &Place, ports: &Ports) -> anyhow::Result<PathBuf> {
    let folder = place.file("nginx");
    std::fs::create_dir_all(&folder).context("cannot make nginx's folder")?;
    let mut text = String::new();
    let at = folder.display();
    // One process that runs as ourselves. A root's master would have a worker that runs as nobody and cannot reach this
    // folder, where bodies go that do not fit into memory.
    writeln!(
        text,
        "master_process off;\npid {at}/nginx.pid;\nerror_log {at}/error.log warn;"
    )?;
    writeln!(
        text,
        "events {{ worker_connections 4096; }}\nhttp {{\n  access_log off;"
    )?;
    for temporary in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {temporary}_temp_path {at}/{temporary};")?;
    }
    for (name, first, second) in [
        ("apis", ports.api, ports.second_api),
        ("gateways", ports.gateway, ports.second_gateway),
    ] {
        writeln!(
            text,
            "  upstream {name} {{ server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; keepalive 32; }}"
        )?;
    }
    // Files in forms measure up to 10 MB. They are passed on as they come: who may not send any is refused at once.
    writeln!(
        text,
        "  server {{\n    listen 127.0.0.1:{};\n    client_max_body_size 2m;\n\
         \x20   proxy_http_version 1.1;\n    proxy_set_header Connection \"\";\n    proxy_set_header Host $http_host;\n\
         \x20   proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_set_header X-Forwarded-Proto $scheme;\n\
         \x20   location / {{ proxy_pass http://apis; }}\n\
         \x20   location ~* ^/storage/(shops|reports)/upload/?$ {{\n\
         \x20     proxy_pass http://apis;\n      client_max_body_size 12m;\n      proxy_request_buffering off;\n    }}\n\
         \x20   location ~* ^/(chat/events|realtime)/stream/?$ {{\n\
         \x20     proxy_pass http://gateways;\n      proxy_buffering off;\n      proxy_read_timeout 1h;\n    }}\n  }}\n}}",
        ports.public
    )?;
    let path = folder.join("nginx.conf");
    std::fs::write(&path, text)?;
    Ok(path)
}
