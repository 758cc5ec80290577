//! A start that failed, told to whoever reads the log.

use std::{error::Error, fmt::Write as _, process::ExitCode};

/// Logs why the service could not start, with the chain of causes, and gives the code to exit with.
pub fn failed_start(error: &dyn Error) -> ExitCode {
    tracing::error!(error = chain(error), "the service could not start");
    ExitCode::FAILURE
}

/// `outer: inner: innermost`.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        write!(text, ": {error}").unwrap_or_default();
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_are_told_from_the_outside_in() {
        assert_eq!(
            chain(&Outer(std::io::Error::other("inner"))),
            "outer: inner"
        );
    }
}
