//! The routes, one table a resource.

mod anywhere;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod audit;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod auth;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod chat;
mod clients;
mod cursor;
mod gone;
mod idempotency;
pub(crate) mod lenient;
mod realtime;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod reels;
mod share;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod shops;
#[expect(
    unused_qualifications,
    reason = "the documentation macro qualifies the parameter types it names"
)]
mod storage;
mod system;
mod testpanel;

use avvivo_app::AppError;
use avvivo_http_kit::Problem;
use axum::{Router, routing::get};
use http::header::CONTENT_TYPE;
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::state::ApiState;

/// An error, as every endpoint answers it.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// A URI that names the kind of problem.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// A sentence for people, in Spanish.
    message: String,
    /// A stable word for programs.
    code: String,
    /// The request's id, to tell when asking for help.
    instance: Option<String>,
}

/// A refusal as old pages know it: with an `error` member, in which there never is anything.
fn refused(error: impl Into<AppError>) -> Problem {
    Problem::from(error.into()).member("error", serde_json::Map::new())
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Avellaneda en Vivo",
        description = "Live shopping for the wholesale fashion shops of Avenida Avellaneda, Buenos Aires. \
            Errors are problems (RFC 9457) that always also carry `message`, a Spanish sentence for people, and `code`, a \
            stable word for programs."
    ),
    components(schemas(ProblemView)),
    tags(
        (name = "auth", description = "Who somebody is, and what they came for"),
        (name = "clients", description = "What buyers keep: profile, favourites, reminders"),
        (name = "reels", description = "24-hour reels: publish, watch, moderate"),
        (name = "shops", description = "Shops: find, show, edit, moderate"),
        (name = "chat", description = "Conversations between clients and shops"),
        (name = "realtime", description = "Event streams. `/asyncapi.yaml` describes every event"),
        (name = "storage", description = "Files on their way to the object store"),
        (name = "share", description = "Pages for those with whom a link is shared"),
        (name = "audit", description = "Who changed what, when and why"),
        (name = "system", description = "How the platform is doing"),
        (name = "testpanel", description = "What there is, and beginning anew, on a platform for tests"),
    )
)]
struct Document;

fn table() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(auth::table())
        .merge(clients::table())
        .merge(reels::table())
        .merge(shops::table())
        .merge(chat::table())
        .merge(realtime::table())
        .merge(storage::table())
        .merge(share::table())
        .merge(audit::table())
        .merge(system::table())
        .merge(testpanel::table())
}

/// The routes and their documentation.
pub(crate) fn assemble(state: ApiState) -> (Router, OpenApi) {
    let (router, document) = table().split_for_parts();
    (router.with_state(state), finished(document))
}

/// The OpenAPI document.
pub fn openapi() -> OpenApi {
    finished(table().split_for_parts().1)
}

/// What the event streams say.
const EVENTS: &str = include_str!("../../../proto/asyncapi.yaml");

/// `/openapi.json`, and `/docs` to read it; `/asyncapi.yaml` for the event streams.
pub(crate) fn docs(document: OpenApi) -> Router {
    let pages = SwaggerUi::new("/docs").url("/openapi.json", document);
    let events = async || ([(CONTENT_TYPE, "application/yaml; charset=utf-8")], EVENTS);
    Router::from(pages).route("/asyncapi.yaml", get(events))
}

fn finished(mut document: OpenApi) -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("Firebase ID token")
        .build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    anywhere::document(&mut document);
    document
}
