//! Free loopback ports.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    ops::Range,
    os::{linux::net::SocketAddrExt as _, unix::net},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::error::ServerError;

/// Where ports are drawn: above what services are known by, and below 32768, from where on the system lends ports to
/// outgoing connections. One of those could have a port of ours at the moment its server starts again.
const RANGE: Range<u16> = 20_000..32_768;

/// How far apart processes whose ids are neighbours begin to look.
const STRIDE: u32 = 97;

/// How often a server is started anew because somebody took its port in the meantime.
///
/// Processes begin to look at different places, so losing even one race is rare.
const TRIES: u32 = 5;

/// A port of 127.0.0.1 that nobody listens on at this moment.
///
/// Whoever can, keeps a [`PortClaim`] instead: between this answer and the server's start the port may be taken.
pub fn free_port() -> io::Result<u16> {
    first_free(|port| match listen(port) {
        Ok(_) => Ok(Some(port)),
        Err(error) => is_taken(error),
    })
}

/// A port that none of our processes draws while this lives, and that nobody else can take until it is handed out.
///
/// The claim is a name in the kernel that goes with the process. It says what a mere look cannot: that a server is about
/// to listen here.
#[derive(Debug)]
pub struct PortClaim {
    port: u16,
    listener: Option<TcpListener>,
    _name: net::UnixListener,
}

impl PortClaim {
    /// Claims that port; `None` when it is taken or claimed.
    pub fn of(port: u16) -> io::Result<Option<Self>> {
        let name = net::SocketAddr::from_abstract_name(format!("avvivo-port-{port}"))?;
        let name = match net::UnixListener::bind_addr(&name) {
            Ok(name) => name,
            Err(error) => return is_taken(error),
        };
        match listen(port) {
            Ok(listener) => Ok(Some(Self {
                port,
                listener: Some(listener),
                _name: name,
            })),
            Err(error) => is_taken(error),
        }
    }

    /// Claims a free port.
    pub fn free() -> io::Result<Self> {
        first_free(Self::of)
    }

    /// Its number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The listener, for a server in this process. People who connect before it accepts wait until it does.
    pub fn take_listener(&mut self) -> Option<TcpListener> {
        self.listener.take()
    }

    /// Stops listening, for a server that binds the port itself. The claim stays.
    pub fn hand_out(&mut self) {
        self.listener = None;
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

/// Ports that are taken, or that only root may have, are no failure.
fn is_taken<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Ok(None),
        _ => Err(error),
    }
}

/// What `attempt` makes of the first port that it can have.
fn first_free<T>(mut attempt: impl FnMut(u16) -> io::Result<Option<T>>) -> io::Result<T> {
    static DRAWN: AtomicU16 = AtomicU16::new(0);
    let width = RANGE.end - RANGE.start;
    let begin = process::id().wrapping_mul(STRIDE) % u32::from(width);
    let begin = u16::try_from(begin).unwrap_or_default();
    for _ in 0..width {
        let step = DRAWN.fetch_add(1, Ordering::Relaxed) % width;
        let port = RANGE.start + (begin + step) % width;
        if let Some(made) = attempt(port)? {
            return Ok(made);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Runs `start` with free ports until it gets one that nobody else took.
pub(crate) fn with_free_port<T>(
    mut start: impl FnMut(u16) -> Result<T, ServerError>,
) -> Result<T, ServerError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match start(free_port().map_err(ServerError::NoPort)?) {
            Err(error) if error.is_port_taken() && tries < TRIES => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_port_is_drawn_by_nobody_else_even_before_its_server_listens() {
        let mut first = PortClaim::free().unwrap();
        assert!(RANGE.contains(&first.port()));
        assert!(listen(first.port()).is_err());
        first.hand_out();
        listen(first.port()).unwrap();
        assert!(PortClaim::of(first.port()).unwrap().is_none());
        let port = first.port();
        drop(first);
        assert!(PortClaim::of(port).unwrap().is_some());
    }

    #[test]
    fn a_port_that_a_stranger_listens_on_cannot_be_claimed() {
        let stranger = listen(free_port().unwrap()).unwrap();
        let port = stranger.local_addr().unwrap().port();
        assert!(PortClaim::of(port).unwrap().is_none());
    }

    #[test]
    fn two_draws_are_never_the_same() {
        let claims: Vec<PortClaim> = (0..20).map(|_| PortClaim::free().unwrap()).collect();
        let mut ports: Vec<u16> = claims.iter().map(PortClaim::port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), claims.len());
    }
}
