//! Push delivery: one task a subscription that posts messages to its endpoint while it has one.
//! A success widens the window of concurrent requests, a failure halves it and, when the
//! subscription has no retry policy of its own, pauses the subscription for longer and longer.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use http::header::AUTHORIZATION;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::backlog::{AckId, Delivery, Holder, PerKey};
use super::engine::Engine;
use super::received;
use super::subscription::{Settings, Subscription};

/// Requests to one endpoint at a time, at first and at most.
const FIRST_WINDOW: usize = 4;
const MAX_WINDOW: usize = 256;
const MAX_BYTES: usize = 64 << 20;

/// Pauses of a failing subscription (Google's).
const MIN_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// A lease outlives its request, so that the answer decides and not the lease's end.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(5);

/// What counts as an acknowledgement.
const SUCCESSES: [StatusCode; 5] = [
    StatusCode::PROCESSING,
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::ACCEPTED,
    StatusCode::NO_CONTENT,
];

pub(super) async fn run(engine: Arc<Engine>, subscription: Arc<Subscription>) {
    let mut settings = subscription.watch_settings();
    loop {
        let current = Arc::clone(&settings.borrow_and_update());
        tokio::select! {
            () = subscription.gone.cancelled() => return,
            changed = settings.changed() => if changed.is_err() { return },
            () = serve(&engine, &subscription, &current),
                if !current.config.push_config.push_endpoint.is_empty() => return,
        }
    }
}

/// Pushes to the endpoint of `settings` until it is dropped, which abandons the requests under way
/// and gives their messages back.
async fn serve(engine: &Arc<Engine>, subscription: &Arc<Subscription>, settings: &Arc<Settings>) {
    let id = engine.new_holder();
    let mut pusher = Pusher {
        engine,
        subscription,
        settings,
        id,
        pace: Pace::new(settings.config.backoff().is_some()),
        requests: JoinSet::new(),
    };
    // Not open for its own sake: an endpoint that never answers must not keep a subscription.
    let _gives_back = Returned { subscription, id };
    let mut arrivals = subscription.arrivals();
    loop {
        arrivals.mark_unchanged();
        pusher.send_waiting();
        if pusher.wait(&mut arrivals).await.is_break() {
            return;
        }
    }
}

struct Returned<'a> {
    subscription: &'a Subscription,
    id: u64,
}

impl Drop for Returned<'_> {
    fn drop(&mut self) {
        self.subscription.drop_holder(self.id);
    }
}

struct Pusher<'a> {
    engine: &'a Arc<Engine>,
    subscription: &'a Arc<Subscription>,
    settings: &'a Arc<Settings>,
    id: u64,
    pace: Pace,
    requests: JoinSet<(AckId, bool)>,
}

impl Pusher<'_> {
    fn send_waiting(&mut self) {
        let now = self.engine.state.clock.now();
        if self.pace.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.pace.paused_until = None;
        let holder = Holder {
            id: self.id,
            max_messages: self.pace.window,
            max_bytes: MAX_BYTES,
            per_key: PerKey::One,
        };
        let deadline = TimeDelta::seconds(self.settings.config.ack_deadline_seconds.into());
        let until = now + deadline + LEASE_MARGIN;
        loop {
            let deliveries = self.subscription.take(&holder, MAX_WINDOW, until);
            if deliveries.is_empty() {
                return;
            }
            for delivery in deliveries {
                let (engine, settings) = (Arc::clone(self.engine), Arc::clone(self.settings));
                self.requests.spawn(async move {
                    let accepted = post(&engine, &settings, &delivery).await;
                    (delivery.ack_id, accepted)
                });
            }
        }
    }

    /// Returns when there may be something to send, or nothing ever again.
    async fn wait(&mut self, arrivals: &mut watch::Receiver<()>) -> ControlFlow<()> {
        let clock = &self.engine.state.clock;
        let paused = self.pace.paused_until;
        tokio::select! {
            Some(answer) = self.requests.join_next() => match answer {
                Ok((ack_id, accepted)) => self.settle(ack_id, accepted).await,
                // The lease runs out by itself.
                Err(error) => tracing::error!(%error, "a push ended abnormally"),
            },
            () = clock.sleep_until(paused), if paused.is_some() => {}
            changed = arrivals.changed(), if paused.is_none() => {
                if changed.is_err() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    async fn settle(&mut self, ack_id: AckId, accepted: bool) {
        let now = self.engine.state.clock.now();
        self.pace.note(accepted, now);
        let effects = if accepted {
            self.subscription.touch(now);
            self.subscription.ack(&[ack_id])
        } else {
            self.subscription.nack(&[ack_id], now)
        };
        if let Err(error) = self.engine.apply(self.subscription, effects).await {
            tracing::warn!(%error, "the outcome of a push could not be stored");
        }
    }
}

/// How fast an endpoint is pushed to.
struct Pace {
    window: usize,
    failures: u32,
    paused_until: Option<DateTime<Utc>>,
    /// Messages have their own pauses, so the subscription needs none.
    per_message: bool,
}

impl Pace {
    fn new(per_message: bool) -> Self {
        Self {
            window: FIRST_WINDOW,
            failures: 0,
            paused_until: None,
            per_message,
        }
    }

    fn note(&mut self, accepted: bool, now: DateTime<Utc>) {
        if accepted {
            self.window = (self.window + 1).min(MAX_WINDOW);
            self.failures = 0;
            return;
        }
        self.window = (self.window / 2).max(1);
        if self.per_message {
            return;
        }
        let pause = MIN_PAUSE
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(MAX_PAUSE);
        self.failures += 1;
        self.paused_until = Some(now + pause);
    }
}

async fn post(engine: &Engine, settings: &Settings, delivery: &Delivery) -> bool {
    let config = &settings.config;
    let endpoint = &config.push_config.push_endpoint;
    let mut request = engine
        .state
        .deliveries
        .post(endpoint)
        .timeout(Duration::from_secs(config.ack_deadline_seconds.into()))
        .json(&received::push_envelope(delivery, config));
    if let Some(oidc) = &config.push_config.oidc_token {
        let audience = if oidc.audience.is_empty() {
            endpoint
        } else {
            &oidc.audience
        };
        match engine
            .state
            .issuer
            .google_id_token(&oidc.service_account_email, audience)
        {
            Ok(token) => request = request.header(AUTHORIZATION, format!("Bearer {token}")),
            Err(error) => {
                tracing::error!(%error, "a push goes out later, for want of a token");
                return false;
            }
        }
    }
    match request.send().await {
        Ok(response) => SUCCESSES.contains(&response.status()),
        Err(error) => {
            tracing::debug!(%error, endpoint, "a push was not answered");
            false
        }
    }
}
