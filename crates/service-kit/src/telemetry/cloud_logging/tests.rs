use std::sync::{Arc, Mutex};

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

use serde_json::{Value, json};

use super::*;
use crate::config::{TelemetryConfig, load};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn parsed(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// The lines that `work` logs.
fn logged(work: impl FnOnce()) -> Vec<Value> {
    let environment = |name: &str| match name {
        "GOOGLE_CLOUD_PROJECT" => Some("shops".to_owned()),
        "K_REVISION" => Some("api-7".to_owned()),
        _ => None,
    };
    let config = load::<TelemetryConfig>(&environment).unwrap().config;
    let lines = Lines::default();
    let writer = lines.clone();
    let logs = CloudLogging::new("api", &config, move || writer.clone());
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let spans = tracing_opentelemetry::layer().with_tracer(tracer);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(spans).with(logs), work);
    lines.parsed()
}

#[test]
fn a_line_has_the_fields_that_cloud_logging_knows() {
    let lines = logged(|| warn!(reel = 7, "stuck"));
    let line = &lines[0];
    assert_eq!(line["severity"], "WARNING");
    assert_eq!(line["message"], "stuck");
    assert_eq!(line["reel"], 7);
    let labels = json!({ "service": "api", "revision": "api-7" });
    assert_eq!(line["logging.googleapis.com/labels"], labels);
    let place = &line["logging.googleapis.com/sourceLocation"];
    assert!(place["file"].as_str().unwrap().ends_with("tests.rs"));
    assert!(place["line"].as_str().unwrap().parse::<u32>().is_ok());
    assert!(line["time"].as_str().unwrap().ends_with('Z'));
    assert_eq!(line.get("logging.googleapis.com/trace"), None);
}

#[test]
fn a_line_inside_a_span_carries_its_trace_and_its_fields() {
    let mut context = None;
    let lines = logged(|| {
        let span = info_span!("request", method = "GET", status = tracing::field::Empty);
        let _entered = span.enter();
        span.record("status", 200);
        context = crate::trace::inject_current();
        info_span!("query", method = "SELECT").in_scope(|| info!("rows"));
        info!("done");
    });
    let traceparent = context.unwrap();
    let parts: Vec<&str> = traceparent.split('-').collect();
    assert_eq!(lines[0]["method"], "SELECT", "the nearest span wins");
    let trace = format!("projects/shops/traces/{}", parts[1]);
    for line in &lines {
        assert_eq!(line["logging.googleapis.com/trace"], trace.as_str());
        assert_eq!(line["logging.googleapis.com/trace_sampled"], true);
        assert_eq!(line["status"], 200);
    }
    assert_eq!(lines[1]["logging.googleapis.com/spanId"], parts[2]);
}

#[test]
fn long_and_many_fields_are_bounded() {
    let long = "ñ".repeat(100_000);
    let lines = logged(|| {
        error!(text = long, debug = ?vec![long.as_str(); 10], "{long}");
    });
    let line = &lines[0];
    for name in ["text", "debug", "message"] {
        let text = line[name].as_str().unwrap();
        assert!(
            text.len() <= 4_100 && text.ends_with('…'),
            "{name}: {}",
            text.len()
        );
    }
}

#[test]
fn a_field_cannot_forge_the_frame_of_a_line() {
    let lines = logged(|| error!(severity = "DEBUG", time = "never", "forged\n{{}}"));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["severity"], "ERROR");
    assert_ne!(lines[0]["time"], "never");
}

fn dynamic<E: std::error::Error + 'static>(error: &E) -> &(dyn std::error::Error + 'static) {
    error
}

#[test]
fn an_error_is_written_with_its_causes() {
    let cause = std::io::Error::other("disk full");
    let error = crate::telemetry::TelemetryError::Registry(
        opentelemetry_sdk::error::OTelSdkError::InternalFailure("no room".to_owned()),
    );
    let lines = logged(|| {
        error!(error = dynamic(&error), "failed");
        error!(error = dynamic(&cause), "failed");
    });
    let text = lines[0]["error"].as_str().unwrap();
    assert!(
        text.starts_with("the metrics registry cannot be built: "),
        "{text}"
    );
    assert_eq!(lines[1]["error"], "disk full");
}

#[test]
fn what_describes_a_request_is_an_object_of_its_own() {
    let lines = logged(|| {
        info!(
            httpRequest.status = 200,
            httpRequest.latency = "0.1s",
            "answered"
        );
    });
    assert_eq!(
        lines[0]["httpRequest"],
        json!({ "status": 200, "latency": "0.1s" })
    );
    assert_eq!(lines[0].get("httpRequest.status"), None);
}

#[test]
fn texts_and_numbers_of_all_kinds_are_json() {
    let text = "a \"quoted\"\tline\n of \\ and \u{1} and ñ 🧵";
    let lines = logged(|| {
        info!(
            text,
            nothing = f64::NAN,
            some = 1.5,
            few = -3,
            on = true,
            "{text}"
        );
    });
    let line = &lines[0];
    assert_eq!(line["text"], text);
    assert_eq!(line["message"], text);
    let numbers = json!([line["nothing"], line["some"], line["few"], line["on"]]);
    assert_eq!(numbers, json!([null, 1.5, -3, true]));
}

#[test]
fn what_is_recorded_again_replaces_what_was_there() {
    let lines = logged(|| {
        let span = info_span!("work", first = 1, step = "begun", last = 3);
        let _entered = span.enter();
        for step in 0..10_000 {
            span.record("step", step);
        }
        info!("done");
    });
    let line = &lines[0];
    let all = json!([line["first"], line["step"], line["last"]]);
    assert_eq!(all, json!([1, 9_999, 3]));
    assert_eq!(
        line.as_object()
            .unwrap()
            .keys()
            .filter(|name| *name == "step")
            .count(),
        1
    );
}

#[test]
fn a_value_that_logs_while_it_is_written_gets_a_line_of_its_own() {
    struct Talkative;
    impl fmt::Debug for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            info!("from within");
            f.write_str("value")
        }
    }
    let lines = logged(|| info!(value = ?Talkative, "outer"));
    let outer = lines
        .iter()
        .find(|line| line["message"] == "outer")
        .unwrap();
    assert_eq!(outer["value"], "value");
}
