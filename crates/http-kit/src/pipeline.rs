//! The order in which a request is looked at. It is part of the contract: it decides which of two errors a client sees.
//!
//! | | Step | Its refusal |
//! |---|---|---|
//! | 1 | origin of the page | 403, without CORS headers; hides everything below |
//! | 2 | JSON body | 400 or 413, or 503 without room for it, before counting and before asking who it is |
//! | 3 | rate limit | 429 |
//! | 4 | identity | 401, 403 or 503, on every path, even one that does not exist |
//! | 5 | path | 400 for broken percent-encoding |
//! | 6 | routing, cache, guards, handler | 404 and whatever the handler says |
//!
//! Around them: the span, the count, the line in the log, and the net that turns a panic into a 500.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
};

use avvivo_kernel::{ErrorKind, IdSource};
use avvivo_service_kit::Metrics;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures::{FutureExt, future::BoxFuture};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{ALLOW, X_CONTENT_TYPE_OPTIONS},
};
use tower::Service;
use tracing::Instrument;

use crate::{
    ClientIp, IdentityStep, Problem, RateLimit, RequestId, RouteTable,
    body::{self, Room},
    cors::{Admission, Cors},
    extract::not_found,
    observe::Observer,
    problem,
    routes::{BadPath, Resolved, with_path},
    terms::Terms,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// What the steps need.
pub struct PipelineDeps {
    /// The service's routes and their body limits.
    pub routes: RouteTable,
    /// Which web pages may call.
    pub cors: Cors,
    /// The limit for everything but GET; none where only services call.
    pub rate_limit: Option<RateLimit>,
    /// How a bearer token becomes a caller; none where only services call.
    pub identity: Option<IdentityStep>,
    /// Where request ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Where requests are measured.
    pub metrics: Metrics,
}

/// `router` behind all steps. Every route has to be registered already.
pub fn pipeline(router: Router, deps: PipelineDeps) -> Router {
    // A method that a path does not have is as unknown as a path that does not exist.
    let router = router
        .fallback(async || not_found())
        .method_not_allowed_fallback(async || not_found());
    let steps = Steps {
        observer: Observer::new(&deps.metrics),
        room: Room::of(deps.routes.body_room()),
        deps,
        router,
    };
    Router::new().fallback_service(Entrance(Arc::new(steps)))
}

struct Steps {
    deps: PipelineDeps,
    observer: Observer,
    room: Room,
    router: Router,
}

impl Steps {
    /// Everything about one request, seen from outside.
    async fn serve(&self, mut request: Request) -> Response {
        let id = RequestId(self.deps.ids.uuid());
        let resolved = self.deps.routes.resolve(request.uri().path());
        let observation = self.observer.begin(&request, id, resolved.route);
        let client = ClientIp::of(request.headers(), request.extensions());
        request.extensions_mut().insert(id);
        request.extensions_mut().insert(client);

        let span = observation.span.clone();
        async {
            let mut response = self.admit(request, resolved, client).await;
            problem::finish(&mut response, &id);
            response
                .headers_mut()
                .insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
            if let Ok(id) = HeaderValue::try_from(id.to_string()) {
                response.headers_mut().insert(X_REQUEST_ID, id);
            }
            observation.end(&response);
            response
        }
        .instrument(span)
        .await
    }

    /// 1: pages we do not know are turned away, preflights are answered; and what happens behind may panic.
    async fn admit(&self, request: Request, resolved: Resolved, client: ClientIp) -> Response {
        let cors = &self.deps.cors;
        let origin = match cors.admit(request.method(), request.uri(), request.headers()) {
            Admission::Pass(origin) => origin,
            Admission::Preflight(response) => return response,
            Admission::Refused(problem) => {
                let mut response = problem.into_response();
                Cors::decorate(None, response.headers_mut());
                return response;
            }
        };
        let answer = AssertUnwindSafe(self.receive(request, resolved, client))
            .catch_unwind()
            .await;
        let mut response = match answer {
            Ok(answer) => answer.into_response(),
            Err(panic) => Problem::internal(panic_message(&*panic)).into_response(),
        };
        Cors::decorate(origin, response.headers_mut());
        response
    }

    /// 2 and 3: the body is taken in, then the request is counted. From there every answer tells the count.
    async fn receive(
        &self,
        request: Request,
        resolved: Resolved,
        client: ClientIp,
    ) -> Result<Response, Problem> {
        let limit = self
            .deps
            .routes
            .body_limit_of(resolved.route, request.method());
        // Held until the answer is there: until then the handler works with the body.
        let mut held = self.room.enter();
        let request = body::accept(request, limit, &mut held).await?;
        let counted = match &self.deps.rate_limit {
            Some(limit) => limit.count(request.method(), client).await?,
            None => None,
        };
        let mut response = self.identify(request, resolved).await.into_response();
        if let Some(headers) = counted {
            headers.apply(response.headers_mut());
        }
        Ok(response)
    }

    /// 4: who asks.
    async fn identify(&self, request: Request, resolved: Resolved) -> Result<Response, Problem> {
        let (mut parts, body) = request.into_parts();
        if let Some(identity) = &self.deps.identity {
            identity
                .establish(&parts.headers, &mut parts.extensions)
                .await?;
        }
        self.route(Request::from_parts(parts, body), resolved).await
    }

    /// 5 and 6: the path as the router knows it, then routing, guards and handler.
    async fn route(&self, mut request: Request, resolved: Resolved) -> Result<Response, Problem> {
        match resolved.path {
            Err(BadPath) => return Err(bad_path()),
            Ok(None) => {}
            Ok(Some(path)) => {
                *request.uri_mut() = with_path(request.uri(), &path).ok_or_else(bad_path)?;
            }
        }
        let terms = Terms::of(request.method(), request.headers());
        let Ok(mut response) = self.router.clone().call(request).await;
        terms.apply(&mut response);
        if response.status() == StatusCode::NOT_FOUND {
            // Left by axum when the path exists under other methods, which is nobody's business.
            response.headers_mut().remove(ALLOW);
        }
        Ok(response)
    }
}

fn bad_path() -> Problem {
    let message = "La dirección del pedido está mal escrita.";
    Problem::new(ErrorKind::Invalid, "request.bad_path", message)
}

/// What was panicked with, when it is text.
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("without a message"))
}

/// The steps as a service, so that they can stand in front of routing.
#[derive(Clone)]
struct Entrance(Arc<Steps>);

impl Service<Request> for Entrance {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Nothing here holds back: the router is always ready, and the number of connections is bounded by the server.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let steps = Arc::clone(&self.0);
        Box::pin(async move { Ok(steps.serve(request).await) })
    }
}
