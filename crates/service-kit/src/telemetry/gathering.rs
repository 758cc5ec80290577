//! Lines of the log on their way out, many in one write.

use std::{
    io::{self, BufWriter, Write},
    thread,
    time::Duration,
};

/// How much goes out in one write at most.
const AT_ONCE_BYTES: usize = 64 << 10;
/// How long lines gather once some were written. To wake the writing thread, and to have the kernel take one line, costs
/// whoever answers requests more than the line itself; and nobody reads a log faster than this.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes at once what comes after a silence, and together what comes soon after that.
///
/// For a thread that writes all there is, flushes, and waits for more: the pause is in the flush.
pub(super) struct Gathering<W: Write>(BufWriter<W>);

impl<W: Write> Gathering<W> {
    pub(super) fn new(inner: W) -> Self {
        Self(BufWriter::with_capacity(AT_ONCE_BYTES, inner))
    }
}

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the thread is the log's own, and has nothing to wait for but time"
    )]
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(PAUSE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_appender::non_blocking::NonBlockingBuilder;

    use super::*;

    /// Every write that arrives.
    #[derive(Clone, Default)]
    struct Writes(Arc<Mutex<Vec<String>>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.0.lock().unwrap().push(text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn many_lines_are_few_writes_and_none_is_lost_at_the_end() {
        let writes = Writes::default();
        let (mut lines, guard) =
            NonBlockingBuilder::default().finish(Gathering::new(writes.clone()));
        for number in 0..1_000 {
            writeln!(lines, "line {number}").unwrap();
        }
        drop(guard);
        let writes = writes.0.lock().unwrap();
        assert!(writes.len() < 50, "{} writes", writes.len());
        let all: String = writes.concat();
        assert_eq!(all.lines().count(), 1_000);
        assert!(all.starts_with("line 0\n") && all.ends_with("line 999\n"));
    }
}
