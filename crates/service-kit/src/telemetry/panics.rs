//! Panics as log lines.

use std::panic;

/// From now on a panic is an error line with its place, in the log's own format, instead of text on standard error
/// that no log reader can join to anything.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic
            .payload_as_str()
            .unwrap_or("panicked with something that is not text");
        tracing::error!(
            panic.place = place,
            panic.message = message,
            "a panic was caught"
        );
    }));
}
