//! `gcp-local`: the library behind a command line.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use gcp_local::{Config, GcpLocal};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Google Cloud on one port: Pub/Sub, Cloud Storage, Cloud Tasks and a token issuer.
#[derive(Parser)]
#[command(name = "gcp-local", version)]
struct Args {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, env = "GCP_LOCAL_LISTEN", default_value = "127.0.0.1:8085")]
    listen: SocketAddr,
    /// Scheme and authority under which clients reach it, when that is not the address above.
    #[arg(long, env = "GCP_LOCAL_PUBLIC_URL")]
    public_url: Option<String>,
    /// Folder to keep everything in. Without it nothing outlives the process.
    #[arg(long, env = "GCP_LOCAL_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The project this server plays.
    #[arg(long, env = "GCP_LOCAL_PROJECT", default_value = "local")]
    project: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();
    let mut terminate = signal(SignalKind::terminate()).context("watch for SIGTERM")?;
    let server = GcpLocal::start(Config {
        listen: args.listen,
        public_url: args.public_url,
        data_dir: args.data_dir,
        project: args.project,
    })
    .await?;
    // Scripts and tests read this line to learn the port.
    writeln!(std::io::stdout(), "gcp-local listens on {}", server.url())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.context("watch for SIGINT")?,
        _ = terminate.recv() => {}
    }
    server.shutdown().await;
    Ok(())
}
