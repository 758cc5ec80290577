//! An api that knows people by what their tokens say, and the gateway by a real identity token.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use avvivo_contracts::{
    events::v1::Event,
    internal::v1::{
        Answer, AuthorizeRequest, AuthorizeResponse, Grant, HeadsRequest, HeadsResponse, Question,
        ReplayRequest, ReplayResponse,
        answer::Outcome,
        realtime_server::{Realtime, RealtimeServer},
    },
};
use avvivo_http_kit::oidc;
use avvivo_kernel::{Clock as _, SystemClock};
use avvivo_service_kit::Lifecycle;
use avvivo_tokens::OidcVerifier;
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, service::Routes};

/// What the writers committed: for each audience its events, by number, as far as they are still remembered.
#[derive(Clone, Default)]
pub(crate) struct Past(Arc<Mutex<HashMap<String, Vec<Event>>>>, Arc<Asked>);

/// How often somebody was asked about.
#[derive(Default)]
struct Asked {
    people: AtomicUsize,
    calls: AtomicUsize,
    /// How long an answer takes.
    milliseconds: AtomicU64,
}

impl Past {
    /// How often somebody was asked about.
    pub(crate) fn asked(&self) -> usize {
        self.1.people.load(Ordering::SeqCst)
    }

    /// In how many calls.
    pub(crate) fn calls(&self) -> usize {
        self.1.calls.load(Ordering::SeqCst)
    }

    /// Takes its time from now on.
    pub(crate) fn slow_down(&self, milliseconds: u64) {
        self.1.milliseconds.store(milliseconds, Ordering::SeqCst);
    }

    async fn take_time(&self) {
        let takes = self.1.milliseconds.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(takes)).await;
    }

    /// Commits an event.
    pub(crate) fn commit(&self, event: &Event) {
        let mut past = self.0.lock().unwrap();
        past.entry(event.audience.clone())
            .or_default()
            .push(event.clone());
    }

    /// Forgets events up to a number; the audience is as far as it was.
    pub(crate) fn forget(&self, audience: &str, up_to: u64) {
        let mut past = self.0.lock().unwrap();
        let events = past.get_mut(audience).unwrap();
        for event in events.iter_mut().filter(|event| event.sequence <= up_to) {
            event.id = String::new();
        }
    }

    /// The number of the last.
    pub(crate) fn head(&self, audience: &str) -> u64 {
        let past = self.0.lock().unwrap();
        let numbers = past.get(audience).into_iter().flatten();
        numbers
            .map(|event| event.sequence)
            .max()
            .unwrap_or_default()
    }

    fn after(&self, audience: &str, after: u64, limit: u32) -> Vec<Vec<u8>> {
        let past = self.0.lock().unwrap();
        let mut events: Vec<&Event> = past
            .get(audience)
            .into_iter()
            .flatten()
            .filter(|event| event.sequence > after && !event.id.is_empty())
            .collect();
        events.sort_by_key(|event| event.sequence);
        let some = events.into_iter().take(usize::try_from(limit).unwrap());
        some.map(Event::encode_to_vec).collect()
    }
}

struct Api {
    gateways: OidcVerifier,
    past: Past,
}

/// Serves it for as long as `lifecycle` lives; answers its address.
pub(crate) async fn serve(lifecycle: &Lifecycle, gateways: OidcVerifier, past: Past) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    lifecycle.serve_grpc(
        listener,
        Routes::new(RealtimeServer::new(Api { gateways, past })),
    );
    url
}

impl Api {
    /// `shop:<id>` and `client:<id>` are let in, for an hour or for the seconds after a `;`. Other words are refused as
    /// the real api would refuse them.
    fn grant(&self, asked: &Question) -> Result<Grant, &'static str> {
        self.past.1.people.fetch_add(1, Ordering::SeqCst);
        // A ticket is as good as a token here.
        let shown = format!("{}{}", asked.bearer_token, asked.ticket);
        let (who, seconds) = shown.split_once(';').unwrap_or((&shown, "3600"));
        let channel = match who {
            "suspended" => return Err("auth.suspended"),
            "admin" => return Err("auth.not_allowed"),
            "no-email" => return Err("auth.no_email"),
            "database-away" => return Err("postgres.unavailable"),
            who if who.starts_with("client:") => who,
            who if who.starts_with("shop:")
                && (asked.shop_id.is_empty() || who.ends_with(&asked.shop_id)) =>
            {
                who
            }
            who if who.starts_with("shop:") => return Err("shop.not_yours"),
            _ => return Err("auth.required"),
        };
        let expires_at = SystemClock.now() + Duration::from_secs(seconds.parse().unwrap());
        let audiences = if asked.own_channel || asked.topics.is_empty() {
            vec![channel.to_owned(), "public:reels".to_owned()]
        } else {
            asked
                .topics
                .iter()
                .map(|topic| named(topic, channel))
                .collect()
        };
        Ok(Grant {
            heads: audiences
                .iter()
                .map(|audience| self.past.head(audience))
                .collect(),
            account_id: format!("account of {who}"),
            channel: channel.to_owned(),
            audiences,
            expires_at: Some(prost_types::Timestamp {
                seconds: expires_at.timestamp(),
                nanos: i32::try_from(expires_at.timestamp_subsec_nanos()).unwrap(),
            }),
        })
    }
}

#[tonic::async_trait]
impl Realtime for Api {
    async fn authorize(
        &self,
        request: Request<AuthorizeRequest>,
    ) -> Result<Response<AuthorizeResponse>, Status> {
        let (metadata, _, asked) = request.into_parts();
        let caller = oidc::verify(&metadata.into_headers(), &self.gateways).await;
        caller.map_err(|problem| Status::permission_denied(problem.code()))?;
        self.past.1.calls.fetch_add(1, Ordering::SeqCst);
        self.past.take_time().await;
        let answers = asked.questions.iter().map(|question| {
            let outcome = match self.grant(question) {
                Ok(grant) => Outcome::Granted(grant),
                Err(code) => Outcome::Refused(code.to_owned()),
            };
            Answer {
                outcome: Some(outcome),
            }
        });
        Ok(Response::new(AuthorizeResponse {
            answers: answers.collect(),
        }))
    }

    async fn heads(
        &self,
        request: Request<HeadsRequest>,
    ) -> Result<Response<HeadsResponse>, Status> {
        let audiences = request.into_inner().audiences;
        let heads = audiences
            .into_iter()
            .map(|audience| (audience.clone(), self.past.head(&audience)))
            .collect();
        Ok(Response::new(HeadsResponse { heads }))
    }

    async fn replay(
        &self,
        request: Request<ReplayRequest>,
    ) -> Result<Response<ReplayResponse>, Status> {
        let asked = request.into_inner();
        self.past.take_time().await;
        Ok(Response::new(ReplayResponse {
            events: self
                .past
                .after(&asked.audience, asked.after, asked.limit)
                .into_iter()
                .map(Into::into)
                .collect(),
            head: self.past.head(&asked.audience),
        }))
    }
}

/// The audience of a topic.
fn named(topic: &str, channel: &str) -> String {
    match topic {
        "chat" => channel.to_owned(),
        "reels" => "public:reels".to_owned(),
        other => other.to_owned(),
    }
}
