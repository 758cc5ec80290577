//! One Cloud Logging object a line.
//!
//! A layer of its own rather than a format for the stock one: fields of spans are kept as JSON values from the start,
//! so that a line is put together without parsing anything back.

use std::io::Write;

use avvivo_kernel::{Clock, SystemClock, time};
use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    fmt::MakeWriter,
    layer::Context,
    registry::{LookupSpan, Scope},
};

use super::fields::Fields;
use crate::config::TelemetryConfig;

/// Writes events with the fields of the spans around them and the ids of their trace.
pub(super) struct CloudLogging<W> {
    writer: W,
    project: Option<String>,
    labels: Value,
}

impl<W> CloudLogging<W> {
    pub(super) fn new(service: &str, config: &TelemetryConfig, writer: W) -> Self {
        let mut labels = Map::from_iter([("service".to_owned(), Value::from(service))]);
        if let Some(revision) = &config.revision {
            labels.insert("revision".to_owned(), Value::from(revision.as_str()));
        }
        Self {
            writer,
            project: config.project.clone(),
            labels: Value::Object(labels),
        }
    }

    /// Adds the trace's ids, in the project's name where it is known.
    fn put_trace(&self, line: &mut Map<String, Value>) {
        let span =
            opentelemetry::Context::map_current(|context| context.span().span_context().clone());
        if !span.is_valid() {
            return;
        }
        let trace = match &self.project {
            Some(project) => format!("projects/{project}/traces/{}", span.trace_id()),
            None => span.trace_id().to_string(),
        };
        line.insert(
            "logging.googleapis.com/trace".to_owned(),
            Value::from(trace),
        );
        let span_id = span.span_id().to_string();
        line.insert(
            "logging.googleapis.com/spanId".to_owned(),
            Value::from(span_id),
        );
        let sampled = Value::from(span.is_sampled());
        line.insert("logging.googleapis.com/trace_sampled".to_owned(), sampled);
    }

    /// Adds what belongs to every line. Comes last: these names are the format's, whatever a field was called.
    fn put_frame(&self, line: &mut Map<String, Value>, metadata: &Metadata<'_>) {
        line.insert(
            "severity".to_owned(),
            Value::from(severity(*metadata.level())),
        );
        line.insert(
            "time".to_owned(),
            Value::from(time::to_wire(SystemClock.now())),
        );
        line.insert("target".to_owned(), Value::from(metadata.target()));
        line.insert(
            "logging.googleapis.com/labels".to_owned(),
            self.labels.clone(),
        );
        if let (Some(file), Some(number)) = (metadata.file(), metadata.line()) {
            // The format wants the line number as text.
            let place = json!({ "file": file, "line": number.to_string() });
            line.insert("logging.googleapis.com/sourceLocation".to_owned(), place);
        }
    }
}

impl<S, W> Layer<S> for CloudLogging<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        // From the outermost span inwards, so that the nearest value of a name is the one that stays.
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(Scope::from_root)
        {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.extend(fields.0.clone());
            }
        }
        let mut own = Fields::default();
        event.record(&mut own);
        line.extend(own.0);
        nest_request(&mut line);
        self.put_trace(&mut line);
        self.put_frame(&mut line, event.metadata());
        if let Ok(mut bytes) = serde_json::to_vec(&line) {
            bytes.push(b'\n');
            // A log that cannot be written has nowhere to say so.
            self.writer
                .make_writer_for(event.metadata())
                .write_all(&bytes)
                .unwrap_or_default();
        }
    }
}

/// Puts the fields that describe a request into the object in which Cloud Logging looks for them.
fn nest_request(line: &mut Map<String, Value>) {
    const PREFIX: &str = "httpRequest.";
    let names: Vec<String> = line
        .keys()
        .filter(|name| name.starts_with(PREFIX))
        .cloned()
        .collect();
    if names.is_empty() {
        return;
    }
    let fields = names.into_iter().filter_map(|name| {
        let value = line.remove(&name)?;
        Some((name.strip_prefix(PREFIX)?.to_owned(), value))
    });
    let request: Map<String, Value> = fields.collect();
    line.insert("httpRequest".to_owned(), Value::Object(request));
}

fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

#[cfg(test)]
mod tests;
