//! The XML API's object paths, `/bucket/object`: what browsers and video players see.
//!
//! A request comes in signed (see [`super::signature`]), or with the id of an upload session, which
//! is a credential of its own, or anonymously, to read what is public.

mod access;
mod objects;
mod problem;
mod request;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{Method, Request};

use super::{Storage, cors};
use problem::XmlProblem;
use request::ObjectRequest;

/// Takes whatever path nobody else claims.
pub(crate) fn routes(storage: Storage) -> Router {
    Router::new().fallback(serve).with_state(storage)
}

async fn serve(State(storage): State<Storage>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let request = match ObjectRequest::new(&storage, parts) {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    let rules = storage.cors(&request.bucket, request.headers()).await;
    if request.method() == Method::OPTIONS {
        return cors::preflight(&rules, request.headers()).into_response();
    }
    let answer = match objects::answer(&storage, &request, body).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    let mut answer = without_body_for_head(request.method(), answer);
    answer
        .headers_mut()
        .extend(cors::actual(&rules, request.method(), request.headers()));
    answer
}

/// An error document has no place in the answer to HEAD.
fn without_body_for_head(method: &Method, answer: Response) -> Response {
    if method == Method::HEAD && !answer.status().is_success() {
        let (parts, _) = answer.into_parts();
        return Response::from_parts(parts, Body::empty());
    }
    answer
}

type Answer = Result<Response, XmlProblem>;
