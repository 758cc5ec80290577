//! Where the time of a message goes, as the services themselves count it.
//!
//! Sums and counts of histograms are read before and after; their differences give means, and means may be added and
//! subtracted. All clocks are this machine's.

use crate::{
    metrics::{text, total},
    service::Service,
};

/// Parts of the label of requests that post a message.
const POSTS: &[&str] = &[
    "http_request_method=\"POST\"",
    "http_response_status_code=\"200\"",
    "/messages\"",
];

/// What an api and a gateway have counted so far.
pub(super) struct Counted {
    api: String,
    gateway: String,
}

/// Mean seconds of each part of the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hops {
    /// From the request's arrival to its answer, which follows its commit at once.
    pub(super) commit: f64,
    /// From the commit until the relay hands over what it wrote.
    pub(super) relay: f64,
    /// From there until the gateway hears it.
    pub(super) bus: f64,
    /// From there until it is written to a reader.
    pub(super) gateway: f64,
}

impl Counted {
    pub(super) async fn by(api: &Service, gateway: &Service) -> anyhow::Result<Self> {
        Ok(Self {
            api: text(&api.url()).await?,
            gateway: text(&gateway.url()).await?,
        })
    }

    /// The way of what happened since `before`.
    pub(super) fn since(&self, before: &Self) -> anyhow::Result<Hops> {
        let api = |name, parts| mean(&before.api, &self.api, name, parts);
        let gateway = |name, parts| mean(&before.gateway, &self.gateway, name, parts);
        // From the making of an event until the bus has confirmed it, and of that what the bus took.
        let lag = api("avvivo_outbox_lag_seconds", &[])?;
        let publish = api("avvivo_outbox_publish_seconds", &[])?;
        let heard = gateway("avvivo_bus_lag_seconds", &[])?;
        let new_message = &["event=\"chat:new_message\""];
        let written = gateway("avvivo_sse_delivery_latency_seconds", new_message)?;
        Ok(Hops {
            commit: api("http_server_request_duration_seconds", POSTS)?,
            relay: api("avvivo_outbox_wait_seconds", &[])?,
            bus: heard - (lag - publish),
            gateway: written - heard,
        })
    }
}

/// The mean of a histogram between two looks, over the series whose labels have all of `parts`.
fn mean(before: &str, after: &str, name: &str, parts: &[&str]) -> anyhow::Result<f64> {
    let grown = |what: &str| -> anyhow::Result<f64> {
        let name = format!("{name}_{what}");
        Ok(total(after, &name, parts)? - total(before, &name, parts)?)
    };
    let count = grown("count")?;
    anyhow::ensure!(count > 0.0, "nobody counted {name}");
    Ok(grown("sum")? / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_of_what_was_added_to_the_series_that_are_meant() {
        let text = |sum, count| {
            format!(
                "# TYPE a_seconds histogram\na_seconds_bucket{{x=\"1\",le=\"1\"}} 9\na_seconds_sum{{x=\"1\"}} {sum}\n\
                 a_seconds_count{{x=\"1\"}} {count}\na_seconds_sum{{x=\"2\"}} 7\na_seconds_count{{x=\"2\"}} 7\nb 1\n"
            )
        };
        let found = mean(&text(1, 1), &text(7, 4), "a_seconds", &["x=\"1\""]).unwrap();
        assert!((found - 2.0).abs() < 1e-9);
        assert!(mean(&text(1, 1), &text(1, 1), "a_seconds", &["x=\"1\""]).is_err());
    }
}
