//! Answers the realtime gateway, which has no database: who is this, and what may they hear?

use std::sync::Arc;

use avvivo_contracts::{
    audience,
    internal::v1::{
        AuthorizeRequest, AuthorizeResponse,
        realtime_server::{Realtime, RealtimeServer, SERVICE_NAME},
    },
};
use avvivo_domain::identity::{Caller, UserType};
use avvivo_http_kit::{Authenticate as _, NotAuthenticated, oidc};
use avvivo_kernel::ShopId;
use avvivo_service_kit::{
    grpc::{GrpcServices, grpc_code, status_of},
    health::HealthRegistry,
};
use avvivo_tokens::OidcVerifier;
use axum::{
    body::Body,
    extract::State,
    middleware::{Next, from_fn_with_state},
};
use tonic::{Request, Response, Status, service::Routes};

use crate::caller::Accounts;

/// The gRPC services of the api, whose health is the api's. Every call, of whatever method, must come from a service that
/// `verifier` knows; only whoever asks for the health need not say who they are.
pub(crate) fn services(
    accounts: Accounts,
    verifier: Arc<OidcVerifier>,
    health: Arc<HealthRegistry>,
) -> GrpcServices {
    let guarded = Routes::new(RealtimeServer::new(Gatekeeper { accounts }))
        .into_axum_router()
        .layer(from_fn_with_state(verifier, admit));
    GrpcServices::from(Routes::from(guarded)).reporting(&[SERVICE_NAME], health)
}

/// Lets services through that prove who they are.
async fn admit(
    State(verifier): State<Arc<OidcVerifier>>,
    request: http::Request<Body>,
    next: Next,
) -> http::Response<Body> {
    match oidc::verify(request.headers(), &verifier).await {
        Ok(_) => next.run(request).await,
        Err(problem) => Status::new(grpc_code(problem.kind()), problem.code()).into_http(),
    }
}

struct Gatekeeper {
    accounts: Accounts,
}

#[tonic::async_trait]
impl Realtime for Gatekeeper {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let asked = request.into_inner();
        let caller = self
            .accounts
            .authenticate(&asked.bearer_token)
            .await
            .map_err(refusal)?;
        let channel = channel(&caller, &asked.shop_id)?;
        Ok(Response::new(AuthorizeResponse {
            account_id: caller.account_id.to_string(),
            audiences: vec![channel.clone(), audience::PUBLIC_REELS.to_owned()],
            channel,
            expires_at: Some(prost_types::Timestamp {
                seconds: caller.token_expires_at.timestamp(),
                nanos: 0,
            }),
        }))
    }
}

/// The channel of a caller: their open shop's, or their own. The owner of a shop that is not open is a client here.
fn channel(caller: &Caller, wanted_shop: &str) -> Result<String, Status> {
    match caller.user_type {
        UserType::Admin => Err(status_of(&avvivo_domain::identity::AccessError::NotAllowed)),
        UserType::Client => Ok(audience::client(caller.account_id)),
        UserType::Shop => {
            let own = caller.acting_shop();
            let wanted = if wanted_shop.is_empty() {
                own
            } else {
                wanted_shop.parse::<ShopId>().ok()
            };
            match (own, wanted) {
                (Some(own), Some(wanted)) if own == wanted => Ok(audience::shop(own)),
                _ => Err(Status::invalid_argument("shop.not_yours")),
            }
        }
    }
}

fn refusal(refused: NotAuthenticated) -> Status {
    match refused {
        NotAuthenticated::Anonymous => Status::unauthenticated("auth.required"),
        NotAuthenticated::MissingEmail => Status::unauthenticated("auth.no_email"),
        NotAuthenticated::Suspended => Status::permission_denied("auth.suspended"),
        NotAuthenticated::Refused(problem) => {
            Status::new(grpc_code(problem.kind()), problem.code())
        }
    }
}
