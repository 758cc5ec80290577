//! The client side.

use std::time::Duration;

use tonic::{
    Request, Status,
    metadata::{MetadataKey, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, ClientTlsConfig, Endpoint},
};

use crate::trace;

/// A channel whose calls carry the current span's trace context.
pub type TracedChannel = InterceptedService<Channel, TraceInterceptor>;

/// An address that cannot be called.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` is not a gRPC address")]
pub struct ChannelError {
    address: String,
    source: tonic::transport::Error,
}

/// How long things may take on a channel.
#[derive(Debug, Clone, Copy)]
pub struct ChannelLimits {
    /// Finding and greeting the server.
    pub connect: Duration,
    /// One call, from sending to the last byte.
    pub call: Duration,
}

impl Default for ChannelLimits {
    fn default() -> Self {
        // Neighbours in one region: a call takes milliseconds, and a caller waits for it.
        Self {
            connect: Duration::from_secs(2),
            call: Duration::from_secs(5),
        }
    }
}

/// A channel to `address` (`http://` is plain HTTP/2, `https://` is TLS). It connects with the first call and again
/// after every loss, so services may start in any order.
pub fn channel(address: &str, limits: ChannelLimits) -> Result<TracedChannel, ChannelError> {
    let endpoint = endpoint(address, limits).map_err(|source| ChannelError {
        address: address.to_owned(),
        source,
    })?;
    Ok(InterceptedService::new(
        endpoint.connect_lazy(),
        TraceInterceptor,
    ))
}

fn endpoint(address: &str, limits: ChannelLimits) -> Result<Endpoint, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(address.to_owned())?
        .connect_timeout(limits.connect)
        .timeout(limits.call)
        .tcp_nodelay(true)
        // A peer that vanished without a word is noticed within half a minute, even between calls.
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true);
    if address.starts_with("https:") {
        return endpoint.tls_config(ClientTlsConfig::new().with_native_roots());
    }
    Ok(endpoint)
}

/// Adds `traceparent` to every call.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceInterceptor;

impl Interceptor for TraceInterceptor {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let value = trace::inject_current().and_then(|text| MetadataValue::try_from(text).ok());
        if let Some(value) = value {
            request
                .metadata_mut()
                .insert(MetadataKey::from_static(trace::TRACEPARENT), value);
        }
        Ok(request)
    }
}
