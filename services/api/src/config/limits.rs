//! How often something may be done: so many times in a window.

use std::time::Duration;

use avvivo_service_kit::config::Reader;

/// A variable: its name, what it says, what it is unless said, and why.
pub(super) type Variable<T> = (&'static str, &'static str, T, &'static str);

/// How many times.
pub(super) fn most(reader: &mut Reader<'_>, (name, what, default, why): Variable<u32>) -> u32 {
    reader
        .number(name, what)
        .between(1, 1_000_000)
        .default(default, why)
}

/// In how long.
pub(super) fn window(
    reader: &mut Reader<'_>,
    (name, what, default, why): Variable<Duration>,
) -> Duration {
    reader
        .millis(name, what)
        .between(Duration::from_millis(100), Duration::from_hours(24))
        .default(default, why)
}
