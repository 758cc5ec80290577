//! What the kernel is told about our sockets. Connections have it from their listener, so it costs nothing for each.

use std::{io, net::SocketAddr, time::Duration};

use rustix::{
    fd::AsFd,
    net::sockopt,
    process::{Resource, Rlimit, getrlimit, setrlimit},
};
use tokio::net::{TcpListener, TcpSocket};

/// What a socket that nobody reads may hold; the kernel doubles it for its own bookkeeping. Readers that are behind are
/// behind in the rings, where everybody's backlog is one.
const SEND_BUFFER: usize = 32 << 10;
/// How long sent bytes may go unanswered: a phone that went into a tunnel is gone then.
const UNANSWERED: Duration = Duration::from_secs(30);
/// When nothing is sent, the other end is asked whether it is there: first after this long, then in these steps, so often.
const ASK_AFTER: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_secs(10);
const ASK_TIMES: u32 = 3;

/// Descriptors that are not streams: files, the api, the bus, probes.
const OTHER_DESCRIPTORS: u64 = 1_500;

/// Connections that may wait to be accepted: everybody of a gateway that has just died comes at once, and whoever does not
/// fit here waits for a retransmission. The kernel takes less where its own limit is lower.
const BACKLOG: u32 = 65_535;

/// Listens at an address.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // Or a restart would have to wait until the connections of the last process are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Prepares a listener, and makes sure that there are descriptors for that many streams.
pub(crate) fn prepare(listener: impl AsFd, streams: u32) -> io::Result<()> {
    allow_descriptors(u64::from(streams) + OTHER_DESCRIPTORS)?;
    sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER)?;
    let unanswered = u32::try_from(UNANSWERED.as_millis()).unwrap_or(u32::MAX);
    sockopt::set_tcp_user_timeout(&listener, unanswered)?;
    sockopt::set_socket_keepalive(&listener, true)?;
    sockopt::set_tcp_keepidle(&listener, ASK_AFTER)?;
    sockopt::set_tcp_keepintvl(&listener, ASK_EVERY)?;
    sockopt::set_tcp_keepcnt(&listener, ASK_TIMES)?;
    Ok(())
}

/// Raises this process's own limit as far as it may.
fn allow_descriptors(wanted: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|most| most < wanted) {
        let most = limit.maximum.unwrap_or_default();
        return Err(io::Error::other(format!(
            "GATEWAY_MAX_CONNECTIONS needs {wanted} open files and this process may have {most}; lower it, or raise the limit"
        )));
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
