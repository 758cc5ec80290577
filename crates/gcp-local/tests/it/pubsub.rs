//! Pub/Sub through `google-cloud-pubsub`.
