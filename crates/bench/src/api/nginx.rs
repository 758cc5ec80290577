//! nginx with one worker, serving the api's answer as a file, under the same headers.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use avvivo_local_servers::{PrivateProcess, Program, free_port};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG};

use super::{Page, fetch};
use crate::tool::{Cores, find};

/// It is there in milliseconds.
const START_LIMIT: Duration = Duration::from_secs(10);

/// A running nginx. Dropping it kills it.
pub(super) struct Nginx {
    process: PrivateProcess,
    url: String,
}

impl Nginx {
    /// Serves `page` on a free port.
    pub(super) async fn start(folder: &Path, page: &Page, cores: Cores) -> anyhow::Result<Self> {
        let folder = folder.join("nginx");
        let root = folder.join("root");
        fs::create_dir_all(&root)?;
        fs::write(root.join("page"), &page.body)?;
        let port = free_port()?;
        let config = folder.join("nginx.conf");
        fs::write(&config, configuration(&folder, page, port)?)?;
        let args = vec![
            "-c".into(),
            cores.list().into(),
            Program::Nginx.locate()?.into(),
            "-c".into(),
            config.into(),
            "-g".into(),
            "daemon off;".into(),
        ];
        let process = PrivateProcess::start(
            &folder,
            "nginx",
            find("taskset", "util-linux")?,
            args,
            std::iter::empty().collect(),
        )?;
        let nginx = Self {
            process,
            url: format!("http://127.0.0.1:{port}/page"),
        };
        nginx.check(page).await?;
        Ok(nginx)
    }

    /// It serves the same bytes under the same headers.
    async fn check(&self, page: &Page) -> anyhow::Result<()> {
        let began = Instant::now();
        let served = loop {
            match fetch(&self.url, None).await {
                Ok(served) => break served,
                Err(error) => anyhow::ensure!(began.elapsed() < START_LIMIT, "nginx: {error:#}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        anyhow::ensure!(served.body == page.body, "nginx serves other bytes");
        for name in page.headers.keys() {
            anyhow::ensure!(
                served.headers.contains_key(name),
                "nginx does not send {name}"
            );
        }
        Ok(())
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }
}

/// As fast as nginx can be made for this, with the access log that everybody has.
fn configuration(folder: &Path, page: &Page, port: u16) -> anyhow::Result<String> {
    let at = folder.display();
    let mut text = format!(
        "worker_processes 1;\npid {at}/nginx.pid;\nerror_log {at}/error.log warn;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log {at}/access.log combined buffer=64k flush=1s;\n  sendfile on;\n  tcp_nopush on;\n\
         \x20 keepalive_requests 100000000;\n  open_file_cache max=16 inactive=1h;\n  open_file_cache_valid 1h;\n"
    );
    for temporary in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {temporary}_temp_path {at}/{temporary};")?;
    }
    writeln!(
        text,
        "  server {{\n    listen 127.0.0.1:{port};\n    root {at}/root;"
    )?;
    let kind = page.headers.get(CONTENT_TYPE).map(|kind| kind.to_str());
    writeln!(
        text,
        "    default_type \"{}\";",
        kind.transpose()?.unwrap_or_default()
    )?;
    // nginx makes these by itself.
    let own = [CONTENT_TYPE, CONTENT_LENGTH, CONNECTION, DATE, ETAG];
    for (name, value) in page.headers.iter().filter(|(name, _)| !own.contains(name)) {
        let value = match name.as_str() {
            "x-request-id" => "$request_id",
            _ => value.to_str()?,
        };
        writeln!(text, "    add_header {name} \"{value}\";")?;
    }
    text.push_str("  }\n}\n");
    Ok(text)
}
