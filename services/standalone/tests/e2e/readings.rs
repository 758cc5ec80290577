//! What an operator's graphs and alerts are made of.

use crate::support::platform::Platform;

/// Whose `/metrics` tells what; where all services are one process, it tells everything.
const SERIES: [(&str, &str, &[&str]); 2] = [
    ("api", "pool", &["db_client_connection_count"]),
    (
        "scheduler",
        "outbox and backlog",
        &[
            "avvivo_outbox_waiting",
            "avvivo_outbox_oldest",
            "avvivo_outbox_parked",
            "avvivo_errands_waiting",
            "avvivo_errands_oldest",
            "avvivo_render_backlog",
            "avvivo_render_backlog_age",
        ],
    ),
];

pub(crate) async fn pool_outbox_and_backlog_can_be_read(platform: &Platform) {
    for (service, what, series) in SERIES {
        let url = format!("{}/metrics", platform.service_url(service));
        let answer = reqwest::get(&url).await.unwrap();
        assert!(answer.status().is_success(), "{url}: {answer:?}");
        let text = answer.text().await.unwrap();
        for name in series {
            let is_there = text.lines().any(|line| {
                let rest = line.strip_prefix(name).unwrap_or_default();
                // A reading, under this very name or with its unit behind it.
                rest.starts_with(['{', ' ', '_'])
            });
            assert!(is_there, "{what}: no {name} at {url}:\n{text}");
        }
    }
}
