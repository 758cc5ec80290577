//! [`Geocoder`] on Nominatim, OpenStreetMap's search, as its usage policy wants it: a name of ours, one request a second,
//! and no question twice.
//!
//! The second is counted in each process. Where several instances register shops at the same time, or registrations are
//! many, the policy asks for a server of one's own; its address and pace are configuration.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use avvivo_ports::{Coordinates, GeocodeError, Geocoder};
use moka::{Expiry, future::Cache};
use reqwest::{Client, Url, header::ACCEPT};
use serde::Deserialize;
use tokio::time::Instant as Moment;

use crate::exchange::{Answer, BuildError, NoAnswer, address, client, exchange};
use crate::pace::{Busy, Pace};

/// The public server.
pub const NOMINATIM_URL: &str = "https://nominatim.openstreetmap.org/search";

/// Somebody waits at a form for it. The wait for the turn is part of it.
const LIMIT: Duration = Duration::from_secs(8);
/// The public server's policy.
const INTERVAL: Duration = Duration::from_secs(1);
/// Whoever waits half of the time for their turn has the other half for the answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Shops in the whole country whose address somebody typed this month, generously.
const MAX_ADDRESSES: u64 = 10_000;
/// Houses do not move; a month is as long as the policy's "cache results" needs.
const FOUND_LIFE: Duration = Duration::from_hours(30 * 24);
/// A map learns new streets, and people insist.
const NOT_FOUND_LIFE: Duration = Duration::from_hours(1);
/// No address is longer; it also bounds what the cache may weigh.
const MAX_ADDRESS_CHARS: usize = 300;

/// Which server is asked, and how.
#[derive(Debug, Clone)]
pub struct NominatimConfig {
    /// Its search: [`NOMINATIM_URL`], or one of our own.
    pub url: String,
    /// Who we are, with a way to reach us. The public server turns away those who do not say.
    pub user_agent: String,
    /// How long one look-up may take.
    pub limit: Duration,
    /// The time between two requests.
    pub interval: Duration,
}

impl NominatimConfig {
    /// The public server, at the pace that it asks for.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self {
            url: NOMINATIM_URL.to_owned(),
            user_agent: user_agent.into(),
            limit: LIMIT,
            interval: INTERVAL,
        }
    }
}

/// Looks up addresses in Argentina.
#[derive(Debug)]
pub struct Nominatim {
    http: Client,
    search: Url,
    limit: Duration,
    pace: Pace,
    /// By address without regard to case and spacing.
    known: Cache<String, Option<Coordinates>>,
}

#[derive(Deserialize)]
struct Place {
    lat: String,
    lon: String,
}

struct Life;

impl Expiry<String, Option<Coordinates>> for Life {
    fn expire_after_create(
        &self,
        _: &String,
        found: &Option<Coordinates>,
        _: Instant,
    ) -> Option<Duration> {
        Some(if found.is_some() {
            FOUND_LIFE
        } else {
            NOT_FOUND_LIFE
        })
    }
}

impl Nominatim {
    /// Builds the client. Nothing is contacted yet.
    pub fn new(config: &NominatimConfig) -> Result<Self, BuildError> {
        let search = address("Nominatim", &config.url)?;
        Ok(Self {
            http: client(&config.user_agent, &search, config.limit)?,
            search,
            limit: config.limit,
            pace: Pace::new(config.interval, PATIENCE.min(config.limit / 2)),
            known: Cache::builder()
                .max_capacity(MAX_ADDRESSES)
                .expire_after(Life)
                .build(),
        })
    }

    async fn ask(&self, address: &str) -> Result<Option<Coordinates>, GeocodeError> {
        let deadline = Moment::now() + self.limit;
        self.pace.turn().await?;
        let mut url = self.search.clone();
        url.query_pairs_mut()
            .append_pair("q", address)
            .append_pair("format", "jsonv2")
            .append_pair("addressdetails", "1")
            .append_pair("limit", "1")
            .append_pair("countrycodes", "ar");
        let request = self
            .http
            .get(url)
            .header(ACCEPT, "application/json")
            .timeout(deadline.saturating_duration_since(Moment::now()));
        let outcome = match exchange(request).await {
            Ok(answer) => read(&answer),
            Err(no_answer) => Err(no_answer.into()),
        };
        match &outcome {
            Ok(_) => self.pace.worked(),
            Err(GeocodeError::Unavailable { retry_after, .. }) => self.pace.failed(*retry_after),
            Err(GeocodeError::Timeout) => self.pace.failed(None),
        }
        outcome
    }
}

#[async_trait]
impl Geocoder for Nominatim {
    async fn locate(&self, address: &str) -> Result<Option<Coordinates>, GeocodeError> {
        let address = address.split_whitespace().collect::<Vec<_>>().join(" ");
        if address.is_empty() || address.chars().count() > MAX_ADDRESS_CHARS {
            return Ok(None);
        }
        self.known
            .try_get_with(address.to_lowercase(), self.ask(&address))
            .await
            .map_err(|error| GeocodeError::clone(&error))
    }
}

fn read(answer: &Answer) -> Result<Option<Coordinates>, GeocodeError> {
    if answer.status != reqwest::StatusCode::OK {
        return Err(GeocodeError::Unavailable {
            reason: format!("HTTP {}", answer.status.as_u16()),
            retry_after: answer.retry_after,
        });
    }
    let not_understood = || GeocodeError::Unavailable {
        reason: "the answer is not a list of places".to_owned(),
        retry_after: None,
    };
    let places: Vec<Place> = serde_json::from_slice(&answer.body).map_err(|_| not_understood())?;
    let Some(Place { lat, lon }) = places.first() else {
        return Ok(None);
    };
    let (Ok(latitude), Ok(longitude)) = (lat.parse(), lon.parse()) else {
        return Err(not_understood());
    };
    Coordinates::new(latitude, longitude)
        .map(Some)
        .ok_or_else(not_understood)
}

impl From<NoAnswer> for GeocodeError {
    fn from(no_answer: NoAnswer) -> Self {
        match no_answer {
            NoAnswer::Timeout => Self::Timeout,
            NoAnswer::Broken(reason) => Self::Unavailable {
                reason,
                retry_after: None,
            },
        }
    }
}

impl From<Busy> for GeocodeError {
    fn from(busy: Busy) -> Self {
        Self::Unavailable {
            reason: "too many addresses at once, or a rest after failures".to_owned(),
            retry_after: Some(busy.retry_after),
        }
    }
}
