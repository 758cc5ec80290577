//! One Cloud Logging object a line.
//!
//! A layer of its own rather than a format for the stock one: every request writes a line, so fields are kept as the JSON that
//! they become, and a line is put together by copying, in memory that each thread keeps.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    io::Write,
};

use avvivo_kernel::{Clock, SystemClock, Timestamp};
use opentelemetry::trace::TraceContextExt;
use serde_json::json;
use tracing::{
    Event, Level, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context, registry::LookupSpan};

use super::fields::{Fields, Text};
use crate::config::TelemetryConfig;

/// Most that a thread keeps room for between two lines.
const KEPT_BYTES: usize = 16 << 10;

/// What describes a request, in the object in which Cloud Logging looks for it.
const REQUEST: &str = "httpRequest.";

/// Names that are the format's, whatever a field was called.
const FRAME: [&str; 4] = ["severity", "time", "target", "httpRequest"];
/// And how the others of them begin.
const FRAME_PREFIX: &str = "logging.googleapis.com/";

thread_local! {
    static LINE: RefCell<Line> = RefCell::default();
}

/// Writes events with the fields of the spans around them and the ids of their trace.
pub(super) struct CloudLogging<W> {
    writer: W,
    /// What stands before the id of a trace.
    trace_prefix: String,
    /// As JSON.
    labels: String,
}

impl<W> CloudLogging<W> {
    pub(super) fn new(service: &str, config: &TelemetryConfig, writer: W) -> Self {
        let labels = match &config.revision {
            Some(revision) => json!({ "service": service, "revision": revision }),
            None => json!({ "service": service }),
        };
        let project = config.project.as_ref();
        Self {
            writer,
            trace_prefix: project
                .map_or_else(String::new, |project| format!("projects/{project}/traces/")),
            labels: labels.to_string(),
        }
    }

    /// Writes what belongs to every line.
    fn frame(&self, line: &mut Line, metadata: &Metadata<'_>) {
        line.text("severity", severity(*metadata.level()));
        line.time(SystemClock.now());
        line.text("target", metadata.target());
        line.json("logging.googleapis.com/labels", &self.labels);
        if let (Some(file), Some(number)) = (metadata.file(), metadata.line()) {
            line.place(file, number);
        }
        opentelemetry::Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            if span.is_valid() {
                let (trace, sampled) = (span.trace_id(), span.is_sampled());
                line.text(
                    "logging.googleapis.com/trace",
                    format_args!("{}{trace}", self.trace_prefix),
                );
                line.text("logging.googleapis.com/spanId", span.span_id());
                line.json(
                    "logging.googleapis.com/trace_sampled",
                    if sampled { "true" } else { "false" },
                );
            }
        });
    }

    fn write<S>(&self, event: &Event<'_>, context: &Context<'_, S>, line: &mut Line)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        W: for<'w> MakeWriter<'w>,
    {
        let mut own = line.begin();
        event.record(&mut own);
        self.frame(line, event.metadata());
        line.fields(&own);
        // From the nearest span outwards: a name that was written is not written again.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.fields(fields);
            }
        }
        let bytes = line.end(own);
        // A log that cannot be written has nowhere to say so.
        self.writer
            .make_writer_for(event.metadata())
            .write_all(bytes)
            .unwrap_or_default();
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
        LINE.with(|line| match line.try_borrow_mut() {
            Ok(mut line) => self.write(event, &context, &mut line),
            // A value that logs while it is written.
            Err(_) => self.write(event, &context, &mut Line::default()),
        });
    }
}

/// A line that is being written.
#[derive(Default)]
struct Line {
    json: String,
    /// What describes a request, to be written as an object of its own.
    request: String,
    /// Names that were written.
    names: Vec<&'static str>,
    /// Room for the event's own fields.
    own: Fields,
    /// The last second that was written.
    second: (i64, String),
}

impl Line {
    /// Begins; answers room for the event's own fields.
    fn begin(&mut self) -> Fields {
        for text in [&mut self.json, &mut self.request] {
            text.clear();
            text.shrink_to(KEPT_BYTES);
        }
        self.json.push('{');
        self.names.clear();
        let mut own = std::mem::take(&mut self.own);
        own.clear();
        own
    }

    /// The line, to its end.
    fn end(&mut self, own: Fields) -> &[u8] {
        if !self.request.is_empty() {
            self.json.push_str("\"httpRequest\":{");
            self.json.push_str(self.request.trim_end_matches(','));
            self.json.push_str("},");
        }
        self.json.pop();
        self.json.push_str("}\n");
        if own.room() <= KEPT_BYTES {
            self.own = own;
        }
        self.json.as_bytes()
    }

    fn json(&mut self, name: &str, json: &str) {
        member(&mut self.json, name, json);
    }

    fn text(&mut self, name: &str, value: impl fmt::Display) {
        let json = &mut self.json;
        json.extend(["\"", name, "\":"]);
        let mut text = Text::begin(json);
        // Stops early, on purpose, once the bound is reached.
        write!(text, "{value}").unwrap_or_default();
        text.end();
        json.push(',');
    }

    fn place(&mut self, file: &str, line: u32) {
        self.json
            .push_str("\"logging.googleapis.com/sourceLocation\":{");
        self.text("file", file);
        // The format wants the line number as text.
        self.text("line", line);
        self.json.pop();
        self.json.push_str("},");
    }

    /// A calendar costs more than the rest of the line, and most lines are of the same second as the one before.
    fn time(&mut self, now: Timestamp) {
        let second = now.timestamp();
        if self.second.0 != second || self.second.1.is_empty() {
            self.second = (second, now.format("%Y-%m-%dT%H:%M:%S").to_string());
        }
        let milliseconds = now.timestamp_subsec_millis();
        // Writing to memory cannot fail.
        write!(
            self.json,
            "\"time\":\"{}.{milliseconds:03}Z\",",
            self.second.1
        )
        .unwrap_or_default();
    }

    fn fields(&mut self, fields: &Fields) {
        for (name, json) in fields.iter() {
            let is_frame = FRAME.contains(&name) || name.starts_with(FRAME_PREFIX);
            if is_frame || self.names.contains(&name) {
                continue;
            }
            self.names.push(name);
            match name.strip_prefix(REQUEST) {
                Some(name) => member(&mut self.request, name, json),
                None => member(&mut self.json, name, json),
            }
        }
    }
}

/// Adds a member to an object of JSON, and a comma. Names of fields are identifiers with dots.
fn member(object: &mut String, name: &str, json: &str) {
    object.extend(["\"", name, "\":", json, ","]);
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
