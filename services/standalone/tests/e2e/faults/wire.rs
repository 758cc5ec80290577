//! An event stream, byte by byte: what a browser's `EventSource` makes of a connection, and what a network does to it.

use std::{io, net::SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// A small window, so that one who does not read is soon noticed by the one who writes.
const WINDOW: u32 = 8 << 10;

/// Heads are a few hundred bytes.
const MAX_HEAD: usize = 16 << 10;

/// One event as it was dispatched.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    /// Empty for one that only says where the reader stands.
    pub(super) event: String,
    pub(super) id: Option<String>,
    pub(super) retry: Option<u64>,
    pub(super) data: Value,
}

/// An answer to who asked for a stream.
pub(super) enum Opened {
    Stream(Wire),
    /// This status instead.
    Refused(u16),
}

/// An open stream.
pub(super) struct Wire {
    socket: TcpStream,
    body: Body,
    /// What is not a whole frame yet.
    text: Vec<u8>,
    /// Bytes until the connection breaks.
    left: usize,
}

/// Asks for a stream.
pub(super) async fn open(
    at: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> io::Result<Opened> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(WINDOW)?;
    let mut socket = socket.connect(at).await?;
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nAccept: text/event-stream\r\n");
    for (name, value) in headers {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request += "\r\n";
    socket.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    let end = loop {
        if let Some(end) = find(&received, b"\r\n\r\n") {
            break end;
        }
        if received.len() > MAX_HEAD || socket.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let rest = received.split_off(end + 4);
    let head = String::from_utf8_lossy(&received).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    match status {
        Some(200) => {}
        Some(other) => return Ok(Opened::Refused(other)),
        None => return Err(io::ErrorKind::InvalidData.into()),
    }
    let mut wire = Wire {
        socket,
        body: Body::new(head.contains("\r\ntransfer-encoding: chunked")),
        text: Vec::new(),
        left: usize::MAX,
    };
    wire.take(rest);
    Ok(Opened::Stream(wire))
}

impl Wire {
    /// The next frame; nothing at the end of the stream. A frame that is not whole by then was never sent. Nothing is lost
    /// when this is not waited for to its end.
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            while let Some(end) = find(&self.text, b"\n\n") {
                let frame: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(frame) = parse(&frame) {
                    return Ok(Some(frame));
                }
            }
            let mut received = Vec::with_capacity(4 << 10);
            if self.left == 0 || self.socket.read_buf(&mut received).await? == 0 {
                return Ok(None);
            }
            self.take(received);
        }
    }

    /// Lets the connection break after so many bytes more, wherever that is.
    pub(super) fn break_after(&mut self, bytes: usize) {
        self.left = bytes;
    }

    fn take(&mut self, received: Vec<u8>) {
        let mut fresh = self.body.unwrap(received);
        fresh.truncate(self.left);
        if self.left != usize::MAX {
            self.left -= fresh.len();
        }
        self.text.append(&mut fresh);
    }
}

/// How a body is wrapped.
enum Body {
    Plain,
    Chunked {
        received: Vec<u8>,
        /// Bytes left of the chunk, its line break included.
        chunk: usize,
    },
}

impl Body {
    fn new(is_chunked: bool) -> Self {
        if is_chunked {
            Self::Chunked {
                received: Vec::new(),
                chunk: 0,
            }
        } else {
            Self::Plain
        }
    }

    fn unwrap(&mut self, fresh: Vec<u8>) -> Vec<u8> {
        let Self::Chunked { received, chunk } = self else {
            return fresh;
        };
        received.extend(fresh);
        let mut unwrapped = Vec::new();
        loop {
            if *chunk > 0 {
                let there: Vec<u8> = received.drain(..received.len().min(*chunk)).collect();
                // The line break after a chunk is none of it.
                let data = there.len().min(chunk.saturating_sub(2));
                *chunk -= there.len();
                unwrapped.extend_from_slice(&there[..data]);
            }
            let Some(end) = find(received, b"\r\n").filter(|_| *chunk == 0) else {
                return unwrapped;
            };
            let line: Vec<u8> = received.drain(..end + 2).collect();
            let size = String::from_utf8_lossy(&line[..end]).into_owned();
            let size = size.split(';').next().unwrap_or_default().trim().to_owned();
            *chunk = usize::from_str_radix(&size, 16).map_or(0, |size| size + 2);
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|found| found == what)
}

/// What a frame says; nothing, for one that says nothing.
fn parse(frame: &[u8]) -> Option<Frame> {
    let mut parsed = Frame {
        event: String::new(),
        id: None,
        retry: None,
        data: Value::Null,
    };
    let text = std::str::from_utf8(frame).expect("frames are UTF-8");
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => value.clone_into(&mut parsed.event),
            "id" => parsed.id = Some(value.to_owned()),
            "retry" => parsed.retry = value.parse().ok(),
            "data" => parsed.data = serde_json::from_str(value).expect("data are JSON"),
            _ => {}
        }
    }
    let says = !parsed.event.is_empty() || parsed.id.is_some() || parsed.retry.is_some();
    says.then_some(parsed)
}

#[test]
fn chunks_are_unwrapped_wherever_they_are_cut() {
    let wrapped = b"5\r\nhello\r\n1;x=y\r\n,\r\n6\r\n world\r\n0\r\n\r\n";
    for cut in 0..wrapped.len() {
        let mut body = Body::new(true);
        let mut text = body.unwrap(wrapped[..cut].to_vec());
        text.extend(body.unwrap(wrapped[cut..].to_vec()));
        assert_eq!(text, b"hello, world", "cut at {cut}");
    }
}
