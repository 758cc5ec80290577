use serde_json::json;

use super::*;

const NAME: &str = "projects/p/subscriptions/abc";

fn parse(value: Value) -> Result<SubscriptionConfig, ApiError> {
    SubscriptionConfig::parse(value, NAME)
}

#[test]
fn defaults_are_googles() {
    let config = parse(json!({ "topic": "projects/p/topics/abc" })).unwrap();
    let view = serde_json::to_value(&config).unwrap();
    assert_eq!(
        view,
        json!({
            "name": NAME,
            "topic": "projects/p/topics/abc",
            "pushConfig": {},
            "ackDeadlineSeconds": 10,
            "messageRetentionDuration": "604800s",
            "enableMessageOrdering": false,
            "expirationPolicy": { "ttl": "2678400s" },
        })
    );
    assert_eq!(parse(view).unwrap(), config);
}

#[test]
fn values_outside_googles_bounds_are_refused() {
    for value in [
        json!({ "ackDeadlineSeconds": 9 }),
        json!({ "ackDeadlineSeconds": 601 }),
        json!({ "messageRetentionDuration": "599s" }),
        json!({ "messageRetentionDuration": "2678401s" }),
        json!({ "messageRetentionDuration": "ten" }),
        json!({ "expirationPolicy": { "ttl": "86399s" } }),
        json!({ "retryPolicy": { "minimumBackoff": "20s", "maximumBackoff": "10s" } }),
        json!({ "retryPolicy": { "maximumBackoff": "601s" } }),
        json!({ "deadLetterPolicy": { "deadLetterTopic": "projects/p/topics/dead",
                "maxDeliveryAttempts": 4 } }),
        json!({ "deadLetterPolicy": {} }),
        json!({ "pushConfig": { "pushEndpoint": "nowhere" } }),
        json!({ "pushConfig": { "pushEndpoint": "http://a/b", "oidcToken": {} } }),
        json!({ "filter": "colour = red" }),
        json!({ "enableExactlyOnceDelivery": true }),
        json!({ "bigqueryConfig": { "table": "t" } }),
        json!({ "pushConfig": { "noWrapper": { "writeMetadata": true } } }),
    ] {
        assert!(parse(value.clone()).is_err(), "{value}");
    }
}

#[test]
fn an_update_changes_what_the_mask_names_and_nothing_else() {
    let config = parse(json!({ "labels": { "a": "1" }, "ackDeadlineSeconds": 20 })).unwrap();
    let update =
        json!({ "ackDeadlineSeconds": 30, "pushConfig": { "pushEndpoint": "http://a/b" } });
    let updated = config
        .updated(&update, "push_config.push_endpoint")
        .unwrap();
    assert_eq!(updated.push_config.push_endpoint, "http://a/b");
    assert_eq!(updated.ack_deadline_seconds, 20);
    assert_eq!(updated.labels, config.labels);
    let reset = updated
        .updated(&json!({}), "labels,ackDeadlineSeconds, pushConfig")
        .unwrap();
    assert_eq!(reset.labels.len(), 0);
    assert_eq!(reset.ack_deadline_seconds, 10);
    assert_eq!(reset.push_config, PushConfig::default());
}

#[test]
fn what_is_fixed_at_creation_cannot_be_updated() {
    let config = parse(json!({})).unwrap();
    for mask in ["topic", "filter", "name", "enable_message_ordering", ""] {
        assert!(config.updated(&json!({}), mask).is_err(), "{mask}");
    }
}
