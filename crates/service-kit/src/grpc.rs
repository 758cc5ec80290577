//! gRPC between our own services: channels with limits, traces across, errors that keep their kind.

mod channel;
mod services;
mod status;

pub use channel::{ChannelError, ChannelLimits, TraceInterceptor, TracedChannel, channel};
pub use services::GrpcServices;
pub use status::{error_code, error_kind, grpc_code, status_of};
