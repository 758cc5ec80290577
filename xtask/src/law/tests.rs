//! The law, by example.

use super::*;

fn arrow(from: &str, to: &str, purpose: Use) -> Arrow {
    let is_ours = to.starts_with("avvivo-") || to == "gcp-local";
    Arrow {
        from: from.to_owned(),
        to: to.to_owned(),
        purpose,
        is_ours,
        features: Vec::new(),
    }
}

fn judge(from: &str, to: &str, purpose: Use) -> Vec<String> {
    violations(&[from.to_owned()], &[arrow(from, to, purpose)])
}

#[test]
fn arrows_point_down() {
    assert!(judge("avvivo-api", "avvivo-app", Use::Product).is_empty());
    assert_eq!(
        judge("avvivo-domain", "avvivo-postgres", Use::Product),
        [
            "avvivo-domain → avvivo-postgres: it may name avvivo-kernel; move the code down, or pass it in from above"
        ]
    );
}

#[test]
fn adapters_are_named_only_where_a_service_is_wired() {
    assert!(judge("avvivo-scheduler", "avvivo-gcp", Use::Product).is_empty());
    assert_eq!(judge("avvivo-app", "avvivo-gcp", Use::Product).len(), 1);
    assert_eq!(judge("avvivo-app", "avvivo-redis", Use::Tests).len(), 1);
}

#[test]
fn the_gateway_cannot_reach_the_database() {
    assert_eq!(
        judge("avvivo-realtime-gateway", "avvivo-postgres", Use::Product).len(),
        1
    );
    assert_eq!(
        judge("avvivo-realtime-gateway", "avvivo-app", Use::Product).len(),
        1
    );
}

#[test]
fn the_gateway_takes_the_wiring_without_a_database() {
    let mut plain = arrow(GATEWAY_CRATE, "avvivo-wiring", Use::Product);
    assert!(violations(&[], std::slice::from_ref(&plain)).is_empty());
    plain.features.push(DATABASE_FEATURE.to_owned());
    assert_eq!(violations(&[], &[plain]).len(), 1);
}

#[test]
fn the_testkit_is_for_tests() {
    assert!(judge("avvivo-postgres", "avvivo-testkit", Use::Tests).is_empty());
    assert_eq!(
        judge("avvivo-postgres", "avvivo-testkit", Use::Product),
        ["avvivo-postgres → avvivo-testkit: make it a dev-dependency"]
    );
    assert_eq!(
        judge("avvivo-kernel", "avvivo-testkit", Use::Tests).len(),
        1
    );
}

#[test]
fn reserved_crates_stay_where_they_belong() {
    assert!(judge("avvivo-postgres", "sqlx", Use::Product).is_empty());
    assert!(judge("avvivo-app", "sqlx", Use::Tests).is_empty());
    assert_eq!(
        judge("avvivo-app", "sqlx", Use::Product),
        ["avvivo-app → sqlx: all SQL is in avvivo-postgres; ask a crate that may name it"]
    );
    assert!(judge("gcp-local", "google-cloud-pubsub", Use::Tests).is_empty());
    assert_eq!(
        judge("gcp-local", "google-cloud-pubsub", Use::Product).len(),
        1
    );
    assert_eq!(
        judge("avvivo-domain", "tonic-health", Use::Product).len(),
        1
    );
    assert!(judge("avvivo-domain", "serde", Use::Product).is_empty());
}

#[test]
fn a_crate_without_a_place_is_reported() {
    let found = violations(&["avvivo-newcomer".to_owned()], &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("avvivo-newcomer has no place in the law"));
}

#[test]
fn the_law_has_no_circle() {
    // Whoever is named must be able to stand without the one who names it.
    let mut placed: Vec<&str> = Vec::new();
    while placed.len() < MAY_NAME.len() {
        let next = MAY_NAME.iter().find(|(name, allowed)| {
            let mut names = allowed.iter().flat_map(|group| group.iter());
            !placed.contains(name) && names.all(|name| placed.contains(name))
        });
        placed.push(next.expect("the rest name each other").0);
    }
}
