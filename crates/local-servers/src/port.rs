//! Free loopback ports.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

use crate::error::ServerError;

/// How often a server is started anew because somebody took its port in the meantime.
///
/// The system hands out ports in turn, so losing even one race is rare.
const TRIES: u32 = 5;

/// A port of 127.0.0.1 that nobody listens on at this moment.
pub fn free_port() -> io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()
        .map(|address| address.port())
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
