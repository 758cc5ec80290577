//! Whether a server is there for us: by its own file, and by its own answer.

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    time::Duration,
};

use super::ROLE;

/// Whether the server with that process id says, in its pid file, that it is ready.
pub(super) fn is_ready(pid_file: &Path, id: u32) -> bool {
    PidFile::read(pid_file).is_some_and(|file| file.pid == id && file.is_ready)
}

/// The process id in a pid file; `None` when there is no file, or one that is still being written.
pub(super) fn pid_in(pid_file: &Path) -> Option<u32> {
    PidFile::read(pid_file).map(|file| file.pid)
}

/// The two lines of `postmaster.pid` that matter here.
struct PidFile {
    pid: u32,
    is_ready: bool,
}

impl PidFile {
    /// `None` when there is none, or one that is still being written.
    fn read(path: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        const STATUS_LINE: usize = 7;
        let pid = text.lines().next()?.trim().parse().ok()?;
        let is_ready = text
            .lines()
            .nth(STATUS_LINE)
            .is_some_and(|line| line.trim() == "ready");
        Some(Self { pid, is_ready })
    }
}

/// Whether a server takes our start-up message and asks who we are.
///
/// While it recovers, PostgreSQL accepts the connection and answers with an error.
pub(super) fn accepts_connections(port: u16) -> bool {
    const ASKS_FOR_PASSWORD: u8 = b'R';
    ask_to_start(port).is_ok_and(|answer| answer == ASKS_FOR_PASSWORD)
}

/// Sends a start-up message (protocol 3.0) and returns the type of the first message that comes back.
fn ask_to_start(port: u16) -> io::Result<u8> {
    const PROTOCOL_3_0: u32 = 3 << 16;
    let mut body = PROTOCOL_3_0.to_be_bytes().to_vec();
    for word in ["user", ROLE, "database", "postgres", ""] {
        body.extend(word.as_bytes());
        body.push(0);
    }
    let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&body)?;
    let mut kind = [0_u8; 1];
    stream.read_exact(&mut kind)?;
    Ok(kind[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_ready_only_when_it_says_so() {
        let starting = "812\n/data\n1700000000\n5432\n\n127.0.0.1\n  12  34\nstarting\n";
        let file = PidFile::parse(starting).unwrap();
        assert_eq!(file.pid, 812);
        assert!(!file.is_ready);
        assert!(
            PidFile::parse(&starting.replace("starting", "ready   "))
                .unwrap()
                .is_ready
        );
    }

    #[test]
    fn a_half_written_pid_file_is_no_pid_file() {
        assert!(PidFile::parse("").is_none());
    }
}
