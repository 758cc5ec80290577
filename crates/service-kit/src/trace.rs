//! Trace context across process borders: W3C `traceparent`, and `X-Cloud-Trace-Context` where only that arrives.
//!
//! A row in the outbox, a task's header and an event's attribute carry the text of [`inject_current`]; whoever takes
//! the work up calls [`set_parent`] on the span of that work, before entering it.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator, text_map_propagator::FieldIter},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The W3C header's name.
pub const TRACEPARENT: &str = "traceparent";
const CLOUD_TRACE: &str = "x-cloud-trace-context";

/// The `traceparent` of the current span; none when nothing is being traced.
pub fn inject_current() -> Option<String> {
    let mut carrier = HashMap::new();
    CloudPropagator::default().inject_context(&current(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes the span's work part of the trace that `traceparent` names.
///
/// Call it before the span is entered: a span that has begun keeps its parent. Malformed text changes nothing.
pub fn set_parent(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    adopt(span, &carrier);
}

/// [`set_parent`] from the headers of a request, Google's own header included.
pub fn set_parent_from_headers(span: &Span, headers: &HeaderMap) {
    adopt(span, &Headers(headers));
}

/// Adds the current span's context to the headers of an outgoing request.
pub fn inject_headers(headers: &mut HeaderMap) {
    CloudPropagator::default().inject_context(&current(), &mut HeadersMut(headers));
}

/// The id of the current trace, 32 hexadecimal digits, for answers and logs.
pub fn current_trace_id() -> Option<String> {
    let context = current();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}

/// The context of the innermost span. A span that is not recorded (its level is filtered out) falls through to the
/// context that was activated around it.
fn current() -> Context {
    let of_span = Span::current().context();
    if of_span.span().span_context().is_valid() {
        of_span
    } else {
        Context::current()
    }
}

fn adopt(span: &Span, carrier: &dyn Extractor) {
    let parent = CloudPropagator::default().extract_with_context(&Context::new(), carrier);
    if parent.span().span_context().is_valid() {
        // Fails for a disabled span and where no trace layer is installed, as in tests: then there is nothing to link.
        drop(span.set_parent(parent));
    }
}

/// Reads W3C trace context, else Google's header; writes W3C only.
#[derive(Debug, Clone, Default)]
pub(crate) struct CloudPropagator {
    w3c: TraceContextPropagator,
}

impl TextMapPropagator for CloudPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        self.w3c.inject_context(context, injector);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let extracted = self.w3c.extract_with_context(&Context::new(), extractor);
        if extracted.span().span_context().is_valid() {
            return context.with_remote_span_context(extracted.span().span_context().clone());
        }
        match extractor.get(CLOUD_TRACE).and_then(parse_cloud_trace) {
            Some(span) => context.with_remote_span_context(span),
            None => context.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        self.w3c.fields()
    }
}

/// `TRACE_ID/SPAN_ID;o=OPTIONS`, the span in decimal, the options absent or a number whose lowest bit means sampled.
fn parse_cloud_trace(header: &str) -> Option<SpanContext> {
    let (trace, rest) = header.trim().split_once('/')?;
    let (span, options) = rest.split_once(";o=").unwrap_or((rest, "0"));
    let sampled = options.parse::<u8>().is_ok_and(|options| options & 1 == 1);
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from(span.parse::<u64>().ok()?),
        if sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::NOT_SAMPLED
        },
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn extracted(pairs: &[(&str, &str)]) -> Option<(String, String, bool)> {
        let carrier: HashMap<String, String> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let context = CloudPropagator::default().extract_with_context(&Context::new(), &carrier);
        let span = context.span().span_context().clone();
        span.is_valid().then(|| {
            (
                span.trace_id().to_string(),
                span.span_id().to_string(),
                span.is_sampled(),
            )
        })
    }

    #[test]
    fn googles_header_is_read_when_the_standard_one_is_absent() {
        let header = format!("{TRACE}/67667974448284343;o=1");
        let expected = (TRACE.to_owned(), "00f067aa0ba902b7".to_owned(), true);
        assert_eq!(extracted(&[(CLOUD_TRACE, &header)]), Some(expected));
    }

    #[test]
    fn the_standard_header_wins_over_googles() {
        let standard = format!("00-{TRACE}-00f067aa0ba902b7-00");
        let google = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/1;o=1";
        let expected = (TRACE.to_owned(), "00f067aa0ba902b7".to_owned(), false);
        assert_eq!(
            extracted(&[(TRACEPARENT, &standard), (CLOUD_TRACE, google)]),
            Some(expected)
        );
    }

    #[test]
    fn malformed_headers_name_no_trace() {
        for header in [
            "",
            "x",
            "/",
            "zz/1;o=1",
            &format!("{TRACE}/x"),
            &format!("{TRACE}/0;o=1"),
        ] {
            assert_eq!(extracted(&[(CLOUD_TRACE, header)]), None, "{header}");
            assert_eq!(extracted(&[(TRACEPARENT, header)]), None, "{header}");
        }
    }
}
