//! The editor's state: the client's own JSON, to which answers add the keys that tell how the rendering stands.
//!
//! The renderer's keys live in columns of their own. What a client sends under their names is dropped, so nobody can forge a
//! progress, an error or a retry count.

use avvivo_kernel::time::to_wire;
use serde_json::{Map, Value, json};

use super::{Reel, RenderState, Stage};

/// Names the way this renderer works; clients show it in diagnostics.
pub const RENDER_PROFILE: &str = "reels-render-v5";

/// The keys that only we write.
const WORKER_KEYS: [&str; 19] = [
    "progress",
    "workerStage",
    "workerJobId",
    "workerLockedAt",
    "workerHeartbeatAt",
    "workerLastJobId",
    "workerRequeuedAt",
    "workerFailedAt",
    "workerError",
    "workerErrorCode",
    "processingRetries",
    "rendered",
    "renderedAt",
    "workerOverlayStatus",
    "workerOverlayBytes",
    "workerOverlaySourceUrl",
    "workerOverlayError",
    "workerRenderProfile",
    "workerRenderDiagnostics",
];

/// What a client sent, as an object: text that holds JSON is read, anything that is not an object counts as empty, and the
/// keys that only we write are dropped. The character of code zero is dropped everywhere: the database cannot keep it.
pub fn without_worker_keys(sent: Value) -> Value {
    let read = match sent {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
        other => other,
    };
    let Value::Object(mut object) = without_zeros(read) else {
        return Value::Object(Map::new());
    };
    object.retain(|key, _| !WORKER_KEYS.contains(&key.as_str()));
    Value::Object(object)
}

/// As deep as the parser reads, which is bounded.
fn without_zeros(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(items) => Value::Array(items.into_iter().map(without_zeros).collect()),
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .map(|(key, value)| (key.replace('\0', ""), without_zeros(value)))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// What owners and administrators read: the client's state with our keys merged into its top level. None only for a reel
/// without a state that nobody has begun to render.
pub fn with_worker_keys(reel: &Reel) -> Option<Value> {
    let render = &reel.render;
    let mut object = match &reel.editor_state {
        Some(Value::Object(object)) => object.clone(),
        _ if render.stage.is_none() => return None,
        _ => started_without_a_state(),
    };
    if let Some(stage) = render.stage {
        object.extend(overlay_keys(&object).into_iter().flatten());
        object.extend(worker_keys(render, stage));
    }
    Some(Value::Object(object))
}

/// The state that a rendering starts from when the client sent none.
fn started_without_a_state() -> Map<String, Value> {
    Map::from_iter([
        ("version".to_owned(), json!(1)),
        ("mediaTransforms".to_owned(), json!([])),
        ("stickers".to_owned(), json!([])),
    ])
}

/// What is known of an overlay that the client names, before the renderer has reported on it.
fn overlay_keys(state: &Map<String, Value>) -> Option<[(String, Value); 2]> {
    let url = overlay_of(state)?;
    Some([
        ("workerOverlaySourceUrl".to_owned(), json!(url)),
        ("workerOverlayStatus".to_owned(), json!("REQUESTED")),
    ])
}

fn worker_keys(render: &RenderState, stage: Stage) -> Map<String, Value> {
    let mut keys = Map::new();
    let mut put = |key: &str, value: Value| {
        keys.insert(key.to_owned(), value);
    };
    let failed = matches!(stage, Stage::Error | Stage::FailedPermanent);
    if !failed {
        put("progress", json!(render.progress));
    }
    put("workerStage", json!(stage.as_str()));
    // Attempts that failed so far; the one under way does not count yet.
    let under_way = u32::from(render.lease.is_some() || stage == Stage::Done);
    put(
        "processingRetries",
        json!(render.attempts.saturating_sub(under_way)),
    );
    put(
        "workerError",
        json!(render.failure.as_ref().map(|failure| &failure.message)),
    );
    put(
        "workerErrorCode",
        json!(render.failure.as_ref().map(|failure| &failure.code)),
    );
    put("workerRenderProfile", json!(RENDER_PROFILE));
    if let Some(lease) = &render.lease {
        put("workerJobId", json!(lease.token));
        put("workerLockedAt", json!(to_wire(lease.taken_at)));
    }
    if let Some(at) = render.requeued_at {
        put("workerRequeuedAt", json!(to_wire(at)));
    }
    if let Some(at) = render.failed_at {
        put("workerFailedAt", json!(to_wire(at)));
    }
    if let Some(at) = render.rendered_at {
        put("rendered", json!(true));
        put("renderedAt", json!(to_wire(at)));
    }
    // The renderer's report is written under the names it has here.
    if let Some(Value::Object(report)) = &render.report {
        keys.extend(report.clone());
    }
    keys
}

/// The address of an overlay image that the editor rendered, if it names one. A place that is there but names nothing, as
/// editors leave it, does not hide the other.
pub fn overlay_url(state: &Value) -> Option<&str> {
    state.as_object().and_then(overlay_of)
}

fn overlay_of(state: &Map<String, Value>) -> Option<&str> {
    let direct = state.get("renderOverlayUrl");
    let nested = state
        .get("renderOverlay")
        .and_then(|overlay| overlay.get("url"));
    [direct, nested]
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::trim)
        .find(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reels::{
        Platform,
        create::{Draft, Media, create},
    };

    #[test]
    fn clients_cannot_forge_the_renderers_keys_and_keep_their_own() {
        let sent = json!({"zeta": 1, "progress": 99, "workerStage": "DONE", "processingRetries": -5, "alpha": {"progress": 1}});
        assert_eq!(
            without_worker_keys(sent).to_string(),
            r#"{"zeta":1,"alpha":{"progress":1}}"#
        );
    }

    #[test]
    fn what_the_database_cannot_keep_is_dropped_and_hides_no_key() {
        let sent = json!({"a\0": ["b\0c", {"d": "\0"}], "progress\0": 99});
        assert_eq!(without_worker_keys(sent), json!({"a": ["bc", {"d": ""}]}));
    }

    #[test]
    fn state_as_text_is_read_and_nonsense_is_empty() {
        assert_eq!(
            without_worker_keys(json!(r#"{"fit":"cover"}"#)),
            json!({"fit": "cover"})
        );
        for nonsense in [json!("not json"), json!(7), json!([1]), json!(null)] {
            assert_eq!(without_worker_keys(nonsense), json!({}));
        }
    }

    #[test]
    fn the_overlay_may_be_named_in_two_ways() {
        assert_eq!(overlay_url(&json!({"renderOverlayUrl": "a"})), Some("a"));
        assert_eq!(
            overlay_url(&json!({"renderOverlay": {"url": "b"}})),
            Some("b")
        );
        for empty in [json!(""), json!("  "), json!(null), json!(7), json!({})] {
            let state = json!({"renderOverlayUrl": empty, "renderOverlay": {"url": " b "}});
            assert_eq!(overlay_url(&state), Some("b"), "{state}");
            assert_eq!(overlay_url(&json!({"renderOverlayUrl": empty})), None);
            assert_eq!(overlay_url(&json!({"renderOverlay": {"url": empty}})), None);
        }
        assert_eq!(overlay_url(&json!({"renderOverlay": "b"})), None);
    }

    #[test]
    fn an_overlay_is_requested_until_the_renderer_reports_on_it() {
        let at: avvivo_kernel::Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        let mut reel = create(
            Draft {
                id: uuid::Uuid::from_u128(1).into(),
                shop_id: uuid::Uuid::from_u128(2).into(),
                platform: Platform::TikTok,
                preset_label: None,
                duration_seconds: 10,
                thumbnail_url: None,
                editor_state: Some(
                    json!({"renderOverlayUrl": null, "renderOverlay": {"url": "b"}}),
                ),
                media: Media::Video("v".to_owned()),
                traceparent: None,
            },
            at,
        );
        let shown = |reel: &Reel, key: &str| {
            let keys = with_worker_keys(reel).unwrap_or_default();
            keys.get(key).cloned().unwrap_or_default()
        };
        assert_eq!(shown(&reel, "workerOverlayStatus"), Value::Null);
        reel.render.stage = Some(Stage::Requeued);
        reel.render.requeued_at = Some(at);
        assert_eq!(shown(&reel, "workerOverlayStatus"), "REQUESTED");
        assert_eq!(shown(&reel, "workerOverlaySourceUrl"), "b");
        assert_eq!(shown(&reel, "workerRequeuedAt"), to_wire(at));
        reel.render.report = Some(json!({"workerOverlayStatus": "DOWNLOADED"}));
        assert_eq!(shown(&reel, "workerOverlayStatus"), "DOWNLOADED");
        assert_eq!(shown(&reel, "workerOverlaySourceUrl"), "b");
    }
}
