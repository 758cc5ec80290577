//! All services in this process.

use std::{net::Ipv4Addr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use avvivo_api::{Api, server::prepare};
use avvivo_realtime_gateway::Gateway;
use avvivo_scheduler::Scheduler;
use avvivo_service_kit::{
    Lifecycle, Telemetry,
    config::{Env, Source as _, TelemetryConfig},
    telemetry,
};
use axum::{Router, extract::Request, response::Response};
use clap::Args;
use gcp_local::GcpLocal;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{
    place::Place,
    ports::{Claimed, Ports},
    settings::{self, Identity, Instance, Neighbours, PROJECT, Variables},
};

/// Where the object store keeps its files, and everything else that gcp-local holds.
const GOOGLE_FOLDER: &str = "google";

/// The platform for a single host.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where objects, tasks and messages are kept.
    #[arg(long, value_name = "DIR", default_value = ".avvivo")]
    data: PathBuf,
    /// Port of the platform.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Where people find the platform, when a proxy stands in front.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where people find the object store, when a proxy stands in front.
    #[arg(long, value_name = "URL")]
    media_url: Option<String>,
}

/// Serves until told to stop. `DATABASE_URL` and `REDIS_URL` say where the data is.
pub(crate) async fn serve(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let environment = Env::from_process();
    let wanted = |name| {
        environment
            .get(name)
            .with_context(|| format!("{name} is not set"))
    };
    let place = Place::open(&args.data)?;
    let _hold = place.hold()?;
    let mut claimed = Claimed::of(&place, args.port)?;
    let ports = claimed.ports.clone();
    let (telemetry, lifecycle) = begin(&Variables::new())?;
    claimed.hand_out();
    let google = start_google(&place, &ports, args.media_url).await?;
    let to = Neighbours {
        database_url: wanted("DATABASE_URL")?,
        redis_url: wanted("REDIS_URL")?,
        google_url: google.url().to_owned(),
        signing_key_file: write_signing_key(&place, &google)?,
        base_url: args.public_url.unwrap_or_else(|| base_url(&ports)),
        identity: Identity::Firebase,
        people_file: None,
        mail_folder: None,
    };
    start(&to, &mut claimed, &telemetry, &lifecycle).await?;
    let code = lifecycle.run(&telemetry).await;
    google.shutdown().await;
    Ok(code)
}

/// Where people find the platform when nobody says otherwise.
pub(crate) fn base_url(ports: &Ports) -> String {
    format!("http://127.0.0.1:{}", ports.public)
}

/// Logs, metrics, and the life of this process.
pub(crate) fn begin(variables: &Variables) -> anyhow::Result<(Telemetry, Lifecycle)> {
    let config = settings::read::<TelemetryConfig>(variables)?;
    let telemetry = telemetry::init("avvivo-standalone", &config)?;
    // Long enough for a render to be given back.
    Ok((telemetry, Lifecycle::new(std::time::Duration::from_secs(8))))
}

/// Starts gcp-local with its data in the folder.
pub(crate) async fn start_google(
    place: &Place,
    ports: &Ports,
    public_url: Option<String>,
) -> anyhow::Result<GcpLocal> {
    let config = gcp_local::Config {
        listen: (Ipv4Addr::LOCALHOST, ports.google).into(),
        public_url,
        data_dir: Some(place.file(GOOGLE_FOLDER)),
        project: PROJECT.to_owned(),
    };
    Ok(GcpLocal::start(config).await?)
}

/// Writes the key that signs uploads, for this user's eyes only.
pub(crate) fn write_signing_key(place: &Place, google: &GcpLocal) -> anyhow::Result<String> {
    let path = place.write_private("signing-key.json", google.service_account_key())?;
    Ok(path.display().to_string())
}

/// Starts the four services. The api and the gateway share the public port, as they do behind a load balancer.
pub(crate) async fn start(
    to: &Neighbours,
    claimed: &mut Claimed,
    telemetry: &Telemetry,
    lifecycle: &Lifecycle,
) -> anyhow::Result<()> {
    let public = claimed.public_listener()?;
    public.set_nonblocking(true)?;
    let public = TcpListener::from_std(public)?;
    let ports = &claimed.ports;
    let api_config = settings::read(&settings::api(to, ports, Instance::First))?;
    let api = Api::build(&api_config, telemetry, lifecycle).await?;
    api.core.deps.db.migrate().await?;
    lifecycle.serve_grpc(listen(ports.api_grpc).await?, api.grpc);
    prepare(lifecycle, api.core, api_config.edge.cors_origins.clone());

    let processor_config = settings::read(&settings::processor(to, ports))?;
    let processor =
        avvivo_reels_processor::build(&processor_config, telemetry.metrics(), lifecycle).await?;
    lifecycle.serve(listen(ports.processor).await?, processor.router);

    let scheduler_config = settings::read(&settings::scheduler(to, ports))?;
    let scheduler = Scheduler::build(&scheduler_config, telemetry, lifecycle).await?;
    lifecycle.serve(listen(ports.scheduler).await?, scheduler.router.clone());
    scheduler.start_loop(lifecycle);

    let gateway_config = settings::read(&settings::gateway(to, ports, Instance::First))?;
    let gateway = Gateway::build(&gateway_config, telemetry, lifecycle).await?;
    lifecycle.serve(public, one_address(api.router, gateway.router));
    lifecycle.set_ready();
    Ok(())
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on port {port}"))
}

/// Streams go to the gateway, everything else to the api.
fn one_address(api: Router, gateway: Router) -> Router {
    Router::new().fallback(async move |request: Request| -> Response {
        let router = if is_stream(request.uri().path()) {
            gateway
        } else {
            api
        };
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    })
}

/// Paths match whatever their case, and with or without a slash at the end.
fn is_stream(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    ["/chat/events/stream", "/realtime/stream"]
        .iter()
        .any(|stream| path.eq_ignore_ascii_case(stream))
}

#[cfg(test)]
mod tests {
    use super::is_stream;

    #[test]
    fn the_stream_is_found_however_it_is_spelled() {
        assert!(is_stream("/chat/events/stream"));
        assert!(is_stream("/Chat/Events/Stream/"));
        assert!(is_stream("/realtime/stream/"));
        assert!(!is_stream("/realtime/tickets"));
        assert!(!is_stream("/chat/events"));
        assert!(!is_stream("/reels"));
    }
}
