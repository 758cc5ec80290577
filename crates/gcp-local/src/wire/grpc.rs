//! gRPC methods as plain async functions. Google's services are far larger than what is served
//! here, so instead of generated services each module matches on the path and hands the request to
//! one of these; tonic does framing, limits, deadlines and trailers.

use axum::body::Body;
use axum::response::Response;
use futures::Stream;
use http::Request;
use prost::Message;
use tonic::Streaming;
use tonic::server::Grpc;
use tonic_prost::ProstCodec;
use tower::service_fn;

use crate::wire::{ApiError, Code};

/// Largest request message. Google's own bound for Pub/Sub is 10 MB; the rest is room for framing.
const MAX_REQUEST_BYTES: usize = 12 << 20;

/// One request, one answer.
pub(crate) async fn unary<Req, Resp, F, Fut>(request: Request<Body>, method: F) -> Response
where
    Req: Message + Default + Send + 'static,
    Resp: Message + Default + Send + 'static,
    F: FnMut(Req) -> Fut + Send,
    Fut: Future<Output = Result<Resp, ApiError>> + Send,
{
    let mut method = method;
    let service = service_fn(|request: tonic::Request<Req>| {
        let answer = method(request.into_inner());
        async move { Ok(tonic::Response::new(answer.await?)) }
    });
    codec::<Req, Resp>()
        .unary(service, request)
        .await
        .map(Body::new)
}

/// A stream of requests and a stream of answers.
pub(crate) async fn bidi<Req, Resp, S, F, Fut>(request: Request<Body>, method: F) -> Response
where
    Req: Message + Default + Send + 'static,
    Resp: Message + Default + Send + 'static,
    S: Stream<Item = Result<Resp, tonic::Status>> + Send + 'static,
    F: FnMut(Streaming<Req>) -> Fut + Send,
    Fut: Future<Output = Result<S, ApiError>> + Send,
{
    let mut method = method;
    let service = service_fn(|request: tonic::Request<Streaming<Req>>| {
        let answers = method(request.into_inner());
        async move { Ok(tonic::Response::new(answers.await?)) }
    });
    codec::<Req, Resp>()
        .streaming(service, request)
        .await
        .map(Body::new)
}

/// A method that exists at Google and not here.
pub(crate) fn unimplemented(path: &str) -> Response {
    let error = ApiError::new(
        Code::Unimplemented,
        format!("gcp-local does not serve {path}."),
    );
    tonic::Status::from(error).into_http()
}

fn codec<Req, Resp>() -> Grpc<ProstCodec<Resp, Req>>
where
    Req: Message + Default + Send + 'static,
    Resp: Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).max_decoding_message_size(MAX_REQUEST_BYTES)
}
