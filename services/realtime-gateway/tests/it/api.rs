//! An api that knows people by what their tokens say, and the gateway by a real identity token.

use std::time::Duration;

use avvivo_contracts::internal::v1::{
    AuthorizeRequest, AuthorizeResponse,
    realtime_server::{Realtime, RealtimeServer},
};
use avvivo_http_kit::oidc;
use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_service_kit::Lifecycle;
use avvivo_tokens::OidcVerifier;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, service::Routes};

struct Api {
    gateways: OidcVerifier,
}

/// Serves it for as long as `lifecycle` lives; answers its address.
pub(crate) async fn serve(lifecycle: &Lifecycle, gateways: OidcVerifier) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    lifecycle.serve_grpc(listener, Routes::new(RealtimeServer::new(Api { gateways })));
    url
}

#[tonic::async_trait]
impl Realtime for Api {
    /// `shop:<id>` and `client:<id>` are let in, for an hour or for the seconds after a `;`. Other words are refused as
    /// the real api would refuse them.
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let caller = oidc::verify(&metadata.into_headers(), &self.gateways).await;
        caller.map_err(|problem| Status::permission_denied(problem.code()))?;
        let (who, seconds) = asked
            .bearer_token
            .split_once(';')
            .unwrap_or((&asked.bearer_token, "3600"));
        let channel = match who {
            "suspended" => return Err(Status::permission_denied("auth.suspended")),
            "admin" => return Err(not_allowed()),
            "no-email" => return Err(Status::unauthenticated("auth.no_email")),
            "database-away" => return Err(Status::unavailable("postgres.unavailable")),
            who if who.starts_with("client:") => who,
            who if who.starts_with("shop:")
                && (asked.shop_id.is_empty() || who.ends_with(&asked.shop_id)) =>
            {
                who
            }
            who if who.starts_with("shop:") => {
                return Err(Status::invalid_argument("shop.not_yours"));
            }
            _ => return Err(Status::unauthenticated("auth.required")),
        };
        let expires_at = SystemClock.now() + Duration::from_secs(seconds.parse().unwrap());
        Ok(Response::new(AuthorizeResponse {
            account_id: format!("account of {who}"),
            channel: channel.to_owned(),
            audiences: vec![channel.to_owned(), "public:reels".to_owned()],
            expires_at: Some(prost_types::Timestamp {
                seconds: expires_at.timestamp(),
                nanos: i32::try_from(expires_at.timestamp_subsec_nanos()).unwrap(),
            }),
        }))
    }
}

/// As the real api spells it: a sentence as message, the code beside it.
fn not_allowed() -> Status {
    let mut status = Status::permission_denied("Tu cuenta no tiene permiso para hacer esto.");
    let code = "auth.not_allowed".parse().unwrap();
    status.metadata_mut().insert("avvivo-error-code", code);
    status
}
