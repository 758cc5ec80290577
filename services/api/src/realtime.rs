//! Answers the realtime gateway, which has no database: who is this, and what may they hear?

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use avvivo_app::{
    Deps,
    realtime::{heads, redeem_ticket, replay, topics},
};
use avvivo_contracts::{
    audience::Audience,
    internal::v1::{
        Answer, AuthorizeRequest, AuthorizeResponse, Grant, HeadsRequest, HeadsResponse, Question,
        ReplayRequest, ReplayResponse,
        answer::Outcome,
        realtime_server::{Realtime, RealtimeServer, SERVICE_NAME},
    },
};
use avvivo_domain::identity::{Caller, UserType};
use avvivo_http_kit::{Authenticate as _, NotAuthenticated, oidc};
use avvivo_kernel::ShopId;
use avvivo_service_kit::{
    grpc::{GrpcServices, error_code, grpc_code, status_of},
    health::HealthRegistry,
    trace,
};
use avvivo_tokens::OidcVerifier;
use axum::{
    body::Body,
    extract::State,
    middleware::{Next, from_fn_with_state},
};
use futures::{StreamExt as _, stream};
use tonic::{Request, Response, Status, service::Routes};
use tracing::Instrument as _;

use crate::caller::Accounts;

/// The gRPC services of the api, whose health is the api's. Every call, of whatever method, must come from a service that
/// `verifier` knows; only whoever asks for the health need not say who they are.
pub(crate) fn services(
    deps: Deps,
    accounts: Accounts,
    verifier: Arc<OidcVerifier>,
    health: Arc<HealthRegistry>,
) -> GrpcServices {
    let guarded = Routes::new(RealtimeServer::new(Gatekeeper { deps, accounts }))
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
    deps: Deps,
    accounts: Accounts,
}

/// As many people as a gateway asks about at once.
const MAX_QUESTIONS: usize = 100;
/// How many of them are looked up at the same time: they share the database with everybody else.
const QUESTIONS_AT_ONCE: usize = 8;

/// Whose a token is, and what they may hear.
struct Known {
    caller: Caller,
    channel: Option<Audience>,
    audiences: Vec<Audience>,
}

impl Gatekeeper {
    async fn know(&self, asked: Question) -> Result<Known, Status> {
        let (caller, topics) = if asked.ticket.is_empty() {
            let caller = self.accounts.authenticate(&asked.bearer_token).await;
            (caller.map_err(refusal)?, asked.topics)
        } else {
            redeem_ticket::run(&self.deps, &asked.ticket)
                .await
                .map_err(|error| status_of(&error))?
        };
        let (channel, audiences) = if asked.own_channel {
            let channel = channel(&caller, &asked.shop_id)?;
            (Some(channel), vec![channel, Audience::PublicReels])
        } else {
            let audiences = topics::run(&self.deps, &caller, &topics)
                .await
                .map_err(|error| status_of(&error))?;
            (topics::own_channel(&caller).ok(), audiences)
        };
        Ok(Known {
            caller,
            channel,
            audiences,
        })
    }

    /// How far all these are, asked once for all of them and after their rights: whoever is let in misses nothing.
    async fn heads_of(
        &self,
        known: &[Result<Known, Status>],
    ) -> Result<HashMap<String, u64>, Status> {
        let audiences: BTreeSet<&Audience> = known
            .iter()
            .flatten()
            .flat_map(|known| &known.audiences)
            .collect();
        let audiences: Vec<String> = audiences.iter().map(ToString::to_string).collect();
        heads::run(&self.deps, &audiences)
            .await
            .map_err(|error| status_of(&error))
    }
}

fn answer(known: Result<Known, Status>, heads: Result<&HashMap<String, u64>, &Status>) -> Answer {
    let granted = known.and_then(|known| Ok((known, heads.map_err(Status::clone)?)));
    let outcome = match granted {
        Ok((known, heads)) => {
            let channel = known.channel.map(|channel| channel.to_string());
            let audiences: Vec<String> = known.audiences.iter().map(ToString::to_string).collect();
            Outcome::Granted(Grant {
                account_id: known.caller.account_id.to_string(),
                channel: channel.unwrap_or_default(),
                heads: audiences
                    .iter()
                    .map(|audience| heads.get(audience).copied().unwrap_or_default())
                    .collect(),
                audiences,
                expires_at: Some(prost_types::Timestamp {
                    seconds: known.caller.token_expires_at.timestamp(),
                    nanos: 0,
                }),
            })
        }
        Err(status) => {
            let code = error_code(&status).unwrap_or_else(|| status.message());
            Outcome::Refused(code.to_owned())
        }
    };
    Answer {
        outcome: Some(outcome),
    }
}

#[tonic::async_trait]
impl Realtime for Gatekeeper {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let questions = request.into_inner().questions;
        if questions.len() > MAX_QUESTIONS {
            return Err(Status::invalid_argument("realtime.too_many_questions"));
        }
        let known: Vec<Result<Known, Status>> = stream::iter(questions)
            .map(|question| {
                // Each belongs to the request of whoever wants to listen, and not to the call that brought it.
                let span = tracing::info_span!("authorize", otel.kind = "server");
                trace::set_parent(&span, &question.traceparent);
                self.know(question).instrument(span)
            })
            .buffered(QUESTIONS_AT_ONCE)
            .collect()
            .await;
        let heads = self.heads_of(&known).await;
        let answers = known
            .into_iter()
            .map(|known| answer(known, heads.as_ref()))
            .collect();
        Ok(Response::new(AuthorizeResponse { answers }))
    }

    async fn heads(
        &self,
        request: Request<HeadsRequest>,
    ) -> Result<Response<HeadsResponse>, Status> {
        let audiences = request.into_inner().audiences;
        if audiences.len() > MAX_HEADS {
            return Err(Status::invalid_argument("realtime.too_many_audiences"));
        }
        let heads = heads::run(&self.deps, &audiences)
            .await
            .map_err(|error| status_of(&error))?;
        Ok(Response::new(HeadsResponse { heads }))
    }

    async fn replay(
        &self,
        request: Request<ReplayRequest>,
    ) -> Result<Response<ReplayResponse>, Status> {
        let asked = request.into_inner();
        let found = replay::run(&self.deps, &asked.audience, asked.after, asked.limit)
            .await
            .map_err(|error| status_of(&error))?;
        Ok(Response::new(ReplayResponse {
            events: found.events.into_iter().map(Into::into).collect(),
            head: found.head,
        }))
    }
}

/// As many audiences as a gateway asks about at once.
const MAX_HEADS: usize = 1_000;

/// The channel of a caller, who may name their shop.
fn channel(caller: &Caller, wanted_shop: &str) -> Result<Audience, Status> {
    let own = topics::own_channel(caller).map_err(|error| status_of(&error))?;
    let is_another = caller.user_type == UserType::Shop
        && !wanted_shop.is_empty()
        && wanted_shop.parse::<ShopId>().ok() != caller.acting_shop();
    if is_another {
        return Err(Status::invalid_argument("shop.not_yours"));
    }
    Ok(own)
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
