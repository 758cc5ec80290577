//! Answers the realtime gateway, which has no database: who is this, and what may they hear?

use std::sync::Arc;

use avvivo_contracts::{
    audience,
    internal::v1::{
        AuthorizeRequest, AuthorizeResponse,
        realtime_server::{Realtime, RealtimeServer},
    },
};
use avvivo_domain::identity::{Caller, UserType};
use avvivo_http_kit::{Authenticate as _, NotAuthenticated, oidc};
use avvivo_kernel::ShopId;
use avvivo_service_kit::grpc::{grpc_code, status_of};
use avvivo_tokens::OidcVerifier;
use tonic::{Request, Response, Status, service::Routes};

use crate::caller::Accounts;

/// The gRPC services of the api. Every call must come from a service that `verifier` knows.
pub(crate) fn routes(accounts: Accounts, verifier: OidcVerifier) -> Routes {
    Routes::new(RealtimeServer::new(Gatekeeper {
        accounts,
        verifier: Arc::new(verifier),
    }))
}

struct Gatekeeper {
    accounts: Accounts,
    verifier: Arc<OidcVerifier>,
}

#[tonic::async_trait]
impl Realtime for Gatekeeper {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        oidc::verify(&metadata.into_headers(), &self.verifier)
            .await
            .map_err(|problem| Status::new(grpc_code(problem.kind()), problem.code()))?;
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
