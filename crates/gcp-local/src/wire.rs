//! What Google's APIs have in common on the wire: the error shape, JSON's spelling of protobuf
//! types, and unary or streaming gRPC without generated services.

pub(crate) mod error;
pub(crate) mod grpc;
pub(crate) mod json;

pub(crate) use error::{ApiError, Code};
