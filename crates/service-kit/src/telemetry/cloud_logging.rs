//! One Cloud Logging object a line.
//!
//! A layer of its own rather than a format for the stock one: fields of spans are kept as JSON values from the start,
//! so that a line is put together without parsing anything back.

use std::io::Write;

use avvivo_kernel::{Clock, SystemClock, time};
use opentelemetry::trace::TraceContextExt;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value};
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

    /// The trace's ids, in the project's name where it is known.
    fn trace(&self) -> Option<Trace> {
        let span =
            opentelemetry::Context::map_current(|context| context.span().span_context().clone());
        span.is_valid().then(|| Trace {
            name: match &self.project {
                Some(project) => format!("projects/{project}/traces/{}", span.trace_id()),
                None => span.trace_id().to_string(),
            },
            span: span.span_id().to_string(),
            sampled: span.is_sampled(),
        })
    }

    /// Adds what belongs to every line. Comes last: these names are the format's, whatever a field was called.
    fn frame<'l>(
        &'l self,
        line: &mut Line<'l>,
        metadata: &'l Metadata<'_>,
        trace: Option<&'l Trace>,
        time: &'l str,
    ) {
        if let Some(trace) = trace {
            line.put("logging.googleapis.com/trace", Part::Text(&trace.name));
            line.put("logging.googleapis.com/spanId", Part::Text(&trace.span));
            line.put(
                "logging.googleapis.com/trace_sampled",
                Part::Flag(trace.sampled),
            );
        }
        line.put("severity", Part::Text(severity(*metadata.level())));
        line.put("time", Part::Text(time));
        line.put("target", Part::Text(metadata.target()));
        line.put("logging.googleapis.com/labels", Part::Value(&self.labels));
        if let (Some(file), Some(line_number)) = (metadata.file(), metadata.line()) {
            let place = Part::Place(file, line_number);
            line.put("logging.googleapis.com/sourceLocation", place);
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
        let spans: Vec<_> = context
            .event_scope(event)
            .into_iter()
            .flat_map(Scope::from_root)
            .collect();
        let extensions: Vec<_> = spans.iter().map(|span| span.extensions()).collect();
        let mut own = Fields::default();
        event.record(&mut own);
        // From the outermost span inwards, so that the nearest value of a name is the one that stays.
        let outer = extensions.iter().filter_map(|span| span.get::<Fields>());
        let mut line = Line::default();
        for (name, value) in outer.chain([&own]).flat_map(Fields::iter) {
            line.put(name, Part::Value(value));
        }
        let (trace, time) = (self.trace(), time::to_wire(SystemClock.now()));
        self.frame(&mut line, event.metadata(), trace.as_ref(), &time);
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

struct Trace {
    name: String,
    span: String,
    sampled: bool,
}

/// What a line says, each name once.
#[derive(Default)]
struct Line<'l>(Vec<(&'l str, Part<'l>)>);

/// A value of a line. Nothing is copied before it is written.
enum Part<'l> {
    Value(&'l Value),
    Text(&'l str),
    Flag(bool),
    /// A file and a line.
    Place(&'l str, u32),
}

impl<'l> Line<'l> {
    fn put(&mut self, name: &'l str, part: Part<'l>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = part,
            None => self.0.push((name, part)),
        }
    }
}

/// What describes a request, in the object in which Cloud Logging looks for it.
const REQUEST: &str = "httpRequest";

/// The name within that object.
fn in_request(name: &str) -> Option<&str> {
    name.strip_prefix(REQUEST)?.strip_prefix('.')
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut has_request = false;
        for (name, part) in &self.0 {
            if in_request(name).is_some() {
                has_request = true;
            } else {
                map.serialize_entry(name, part)?;
            }
        }
        if has_request {
            map.serialize_entry(REQUEST, &Request(&self.0))?;
        }
        map.end()
    }
}

struct Request<'l>(&'l [(&'l str, Part<'l>)]);

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = self.0.iter();
        serializer.collect_map(parts.filter_map(|(name, part)| Some((in_request(name)?, part))))
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Place(file, line) => {
                let mut place = serializer.serialize_map(Some(2))?;
                place.serialize_entry("file", file)?;
                // The format wants the line number as text.
                place.serialize_entry("line", &line.to_string())?;
                place.end()
            }
        }
    }
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
