//! Each service a process of its own, two apis and two gateways among them, behind nginx: the shape of the cloud.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use anyhow::Context as _;
use avvivo_local_servers::{PrivateProcess, Program};
use avvivo_postgres::{Database, DatabaseOptions};
use avvivo_service_kit::Lifecycle;
use tokio::task::spawn_blocking;

use crate::{
    place::{Place, Ports},
    settings::{self, Instance, Neighbours, Variables},
};

/// How often to look whether they still run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A process to run.
struct Service {
    name: &'static str,
    program: &'static str,
    variables: Variables,
}

/// Starts them all. They end with this process, in order when it ends in order.
pub(crate) async fn start(
    place: &Place,
    to: &Neighbours,
    ports: &Ports,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let db = Database::lazy(&to.database_url, &DatabaseOptions::default())?;
    db.migrate().await?;
    db.close().await;
    let folder = place.file("processes");
    let services = services(to, ports);
    let proxy = write_proxy_config(place, ports)?;
    let mut running = spawn_blocking(move || -> anyhow::Result<_> {
        let mut running = Vec::new();
        for service in services {
            let program = beside_us(service.program)?;
            running.push(PrivateProcess::start(
                &folder,
                service.name,
                program,
                Vec::new(),
                service.variables,
            )?);
        }
        let arguments = ["-c", &proxy.display().to_string(), "-g", "daemon off;"].map(Into::into);
        let nginx = Program::Nginx.locate()?;
        running.push(PrivateProcess::start(
            &folder,
            "nginx",
            nginx,
            arguments.into(),
            Variables::new(),
        )?);
        Ok(running)
    })
    .await??;
    let stop = lifecycle.stopping().clone();
    lifecycle.spawn("service processes", async move {
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            for process in &mut running {
                if let Some(status) = process.exited()? {
                    anyhow::bail!(
                        "{} ended with {status}; its log is in the data folder",
                        process.name()
                    );
                }
            }
        }
        // The proxy first, then the services, all at once: each drains for as long as it needs.
        spawn_blocking(move || PrivateProcess::stop_all(running)).await??;
        Ok(())
    });
    lifecycle.set_ready();
    Ok(())
}

fn services(to: &Neighbours, ports: &Ports) -> Vec<Service> {
    let service = |name, program, variables| Service {
        name,
        program,
        variables,
    };
    vec![
        service(
            "api-1",
            "avvivo-api",
            settings::api(to, ports, Instance::First),
        ),
        service(
            "api-2",
            "avvivo-api",
            settings::api(to, ports, Instance::Second),
        ),
        service(
            "processor",
            "avvivo-reels-processor",
            settings::processor(to, ports),
        ),
        service(
            "scheduler",
            "avvivo-scheduler",
            settings::scheduler(to, ports),
        ),
        service(
            "gateway-1",
            "avvivo-realtime-gateway",
            settings::gateway(to, ports, Instance::First),
        ),
        service(
            "gateway-2",
            "avvivo-realtime-gateway",
            settings::gateway(to, ports, Instance::Second),
        ),
    ]
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

/// One address for everything: streams to the gateways, the rest to the apis.
fn write_proxy_config(place: &Place, ports: &Ports) -> anyhow::Result<PathBuf> {
    let folder = place.file("nginx");
    std::fs::create_dir_all(&folder).context("cannot make nginx's folder")?;
    let mut text = String::new();
    let at = folder.display();
    writeln!(
        text,
        "worker_processes 1;\npid {at}/nginx.pid;\nerror_log {at}/error.log warn;"
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
            "  upstream {name} {{ server 127.0.0.1:{first}; server 127.0.0.1:{second}; keepalive 32; }}"
        )?;
    }
    writeln!(
        text,
        "  server {{\n    listen 127.0.0.1:{};\n    client_max_body_size 2m;\n\
         \x20   proxy_http_version 1.1;\n    proxy_set_header Connection \"\";\n    proxy_set_header Host $http_host;\n\
         \x20   proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_set_header X-Forwarded-Proto $scheme;\n\
         \x20   location / {{ proxy_pass http://apis; }}\n\
         \x20   location ~* ^/chat/events/stream/?$ {{\n\
         \x20     proxy_pass http://gateways;\n      proxy_buffering off;\n      proxy_read_timeout 1h;\n    }}\n  }}\n}}",
        ports.public
    )?;
    let path = folder.join("nginx.conf");
    std::fs::write(&path, text)?;
    Ok(path)
}
