//! What a program says on standard error, kept small: a hostile file can make a decoder complain without end.

use std::{collections::VecDeque, io::Read};

use ffmpeg_sidecar::event::FfmpegEvent;

/// Bytes of one line that are looked at. A progress line has about 120.
const LINE_BYTES: usize = 1024;
/// Lines that are kept. The cause is among the last; the rest repeats itself.
const KEPT_LINES: usize = 12;

/// A reader that cuts lines to [`LINE_BYTES`] and takes a broken pipe for its end.
pub(crate) struct BoundedLines<R> {
    inner: R,
    in_line: usize,
}

impl<R: Read> BoundedLines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, in_line: 0 }
    }
}

impl<R: Read> Read for BoundedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let read = match self.inner.read(buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => 0,
            };
            let mut kept = 0;
            for from in 0..read {
                let Some(&byte) = buffer.get(from) else { break };
                self.in_line = if matches!(byte, b'\n' | b'\r') {
                    0
                } else {
                    self.in_line + 1
                };
                if self.in_line <= LINE_BYTES
                    && let Some(slot) = buffer.get_mut(kept)
                {
                    *slot = byte;
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// The last lines that were said.
#[derive(Debug, Default)]
pub(crate) struct LogTail(VecDeque<String>);

impl LogTail {
    pub(crate) fn push(&mut self, event: &FfmpegEvent) {
        if let FfmpegEvent::Log(_, line) | FfmpegEvent::Error(line) = event {
            self.push_line(line);
        }
    }

    pub(crate) fn push_line(&mut self, line: &str) {
        if self.0.len() == KEPT_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    pub(crate) fn into_text(self) -> String {
        Vec::from(self.0).join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_lines_and_endless_complaints_stay_small() {
        let endless = [vec![b'x'; 100_000], b"\nnext\r".to_vec(), vec![b'y'; 5000]].concat();
        let mut text = String::new();
        BoundedLines::new(endless.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(
            text,
            format!(
                "{}\nnext\r{}",
                "x".repeat(LINE_BYTES),
                "y".repeat(LINE_BYTES)
            )
        );

        let mut tail = LogTail::default();
        (0..1000).for_each(|number| tail.push_line(&number.to_string()));
        let text = tail.into_text();
        assert_eq!(
            (text.lines().count(), text.lines().last()),
            (KEPT_LINES, Some("999"))
        );
    }
}
