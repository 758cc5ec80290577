//! What operators see of a request.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use http::{Method, StatusCode};
use tracing_subscriber::fmt::MakeWriter;

use crate::app::{App, request};

/// Lines of the log, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Lines {
    fn containing(&self, text: &str) -> Vec<String> {
        let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        log.lines()
            .filter(|line| line.contains(text))
            .map(str::to_owned)
            .collect()
    }
}

fn log() -> (Lines, tracing::subscriber::DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(false)
        .finish();
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_defect_is_logged_once_with_its_causes_and_the_request() {
    let (lines, _guard) = log();
    let answer = App::start().get("/fails/internal").await;
    let logged = lines.containing("query failed: connection refused by secret-host");
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].contains("ERROR"));
    assert!(logged[0].contains(answer.header("x-request-id").unwrap()));
}

#[tokio::test]
async fn a_dependency_that_is_away_is_a_warning() {
    let (lines, _guard) = log();
    App::start().get("/fails/unavailable").await;
    let logged = lines.containing("secret-host");
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(logged[0].contains("WARN"));
}

#[tokio::test]
async fn refusals_are_not_errors_and_every_request_has_its_line() {
    let (lines, _guard) = log();
    let app = App::start();
    app.get("/fails/conflict?email=ana@example.com").await;
    assert!(lines.containing("query failed").is_empty());
    let access = lines.containing("httpRequest.status=409");
    assert_eq!(access.len(), 1);
    assert!(
        access[0].contains("httpRequest.requestMethod=\"GET\""),
        "{access:?}"
    );
    assert!(
        lines.containing("ana@example.com").is_empty(),
        "queries may name people"
    );

    let foreign = request(
        Method::GET,
        "/shops",
        &[("origin", "https://evil.example")],
        "",
    );
    app.send(foreign).await;
    assert_eq!(lines.containing("httpRequest.status=403").len(), 1);
}

#[tokio::test]
async fn requests_are_measured_by_route_and_never_by_path() {
    let app = App::start();
    app.get("/Shops/AbC").await;
    app.get("/made-up/1").await;
    app.get("/made-up/2").await;
    assert_eq!(
        app.post("/shops/1/accept", "{").await.status,
        StatusCode::BAD_REQUEST
    );
    let text = app.metrics.render();
    let counted = |wanted: &[&str]| {
        text.lines()
            .filter(|line| line.starts_with("http_server_request_duration_seconds_count"))
            .filter(|line| wanted.iter().all(|part| line.contains(part)))
            .map(|line| line.rsplit(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let shop = [
        "http_route=\"/shops/{shopId}\"",
        "http_response_status_code=\"200\"",
    ];
    assert_eq!(counted(&shop), ["1"], "{text}");
    assert_eq!(
        counted(&["http_response_status_code=\"404\""]),
        ["2"],
        "{text}"
    );
    let refused = [
        "http_route=\"/shops/{shopId}/accept\"",
        "http_response_status_code=\"400\"",
    ];
    assert_eq!(counted(&refused), ["1"], "{text}");
    assert!(!text.contains("made-up"));
    let active = text
        .lines()
        .find(|line| line.starts_with("http_server_active_requests") && line.contains("\"GET\""));
    assert!(active.unwrap().ends_with(" 0"), "{active:?}");
}
