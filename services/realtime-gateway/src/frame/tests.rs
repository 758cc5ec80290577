use avvivo_contracts::{
    audience::Audience,
    events::v1::{ReelPublished, ReelStatusChanged},
};

use super::*;

fn at() -> Timestamp {
    "2026-03-10T14:25:01.5Z".parse().unwrap()
}

fn channel() -> Audience {
    Audience::Client(uuid::Uuid::from_u128(7).into())
}

fn rendered(payload: Payload) -> String {
    let event = Event {
        audience: Audience::PublicReels.to_string(),
        sequence: 7,
        payload: Some(payload),
        ..Event::default()
    };
    let frame = Frame::of_event(&event, at()).unwrap();
    let parts = frame.parts().iter().map(|part| {
        assert!(
            part.bytes
                .starts_with(format!("event: {}\n", part.name).as_bytes())
        );
        String::from_utf8(part.bytes.to_vec()).unwrap()
    });
    parts.collect::<Vec<_>>().concat()
}

#[test]
fn absent_texts_are_null_and_line_breaks_stay_inside_the_data() {
    let reel = ReelStatusChanged {
        reel_id: "r".to_owned(),
        shop_id: "s".to_owned(),
        status: "HIDDEN".to_owned(),
        progress: 40,
        error_message: "Dos\nrenglones\r".to_owned(),
        ..ReelStatusChanged::default()
    };
    assert_eq!(
        rendered(Payload::ReelStatusChanged(reel)),
        "event: reel:status\ndata: {\"reelId\":\"r\",\"shopId\":\"s\",\"status\":\"HIDDEN\",\
         \"stage\":null,\"progress\":40,\"errorCode\":null,\"errorMessage\":\"Dos\\nrenglones\\r\",\
         \"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
    );
}

#[test]
fn a_published_reel_names_its_media() {
    let reel = ReelPublished {
        reel_id: "r".to_owned(),
        shop_id: "s".to_owned(),
        r#type: "PHOTO_SET".to_owned(),
        photo_urls: vec!["https://a/1".to_owned(), "https://a/2".to_owned()],
        expires_at: Some(prost_types::Timestamp {
            seconds: 1_800_000_000,
            nanos: 0,
        }),
        ..ReelPublished::default()
    };
    assert_eq!(
        rendered(Payload::ReelPublished(reel)),
        "event: reels:published\ndata: {\"reelId\":\"r\",\"shopId\":\"s\",\"type\":\"PHOTO_SET\",\
         \"videoUrl\":null,\"photoUrls\":[\"https://a/1\",\"https://a/2\"],\"thumbnailUrl\":null,\
         \"expiresAt\":\"2027-01-15T08:00:00.000Z\",\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
    );
}

#[test]
fn only_how_far_a_render_is_may_be_overtaken() {
    let state = |status: &str| {
        let reel = ReelStatusChanged {
            reel_id: "r".to_owned(),
            status: status.to_owned(),
            ..ReelStatusChanged::default()
        };
        let event = Event {
            payload: Some(Payload::ReelStatusChanged(reel)),
            ..Event::default()
        };
        let frame = Frame::of_event(&event, at()).unwrap();
        frame.state().map(str::to_owned)
    };
    assert_eq!(state("PROCESSING").as_deref(), Some("r"));
    assert_eq!(state("ACTIVE"), None);
}

#[test]
fn the_frames_around_events_have_their_specified_words() {
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let cursor = Cursor::of(channel(), 3);
    let second = Duration::from_secs(1);
    assert_eq!(
        text(Dialect::Chat.connected(Some(channel()), &cursor, second, at())),
        format!(
            "id: {cursor}\nretry: 1000\nevent: chat:connected\n\
             data: {{\"ok\":true,\"channel\":\"{}\",\"at\":\"2026-03-10T14:25:01.500Z\"}}\n\n",
            channel()
        )
    );
    assert_eq!(
        text(Dialect::Chat.beat(&cursor, at())),
        "event: chat:ping\ndata: {\"at\":\"2026-03-10T14:25:01.500Z\"}\n\n"
    );
    assert_eq!(
        text(Dialect::Realtime.beat(&cursor, at())),
        format!(
            "id: {cursor}\nevent: realtime:ping\ndata: {{\"at\":\"2026-03-10T14:25:01.500Z\"}}\n\n"
        )
    );
    assert_eq!(
        text(Dialect::Chat.ended(Ending::Draining, Duration::from_millis(2_345), at())),
        "retry: 2345\nevent: chat:resync\ndata: {\"reason\":\"draining\",\"at\":\"2026-03-10T14:25:01.500Z\",\
         \"retryInMs\":2345}\n\n"
    );
    let gap = Gap {
        topic: channel(),
        from: 4,
        to: 9,
    };
    assert_eq!(
        text(Dialect::Realtime.gap(&gap, &cursor, at())),
        format!(
            "id: {cursor}\nevent: realtime:resync\ndata: {{\"reason\":\"gap\",\"at\":\"2026-03-10T14:25:01.500Z\",\
             \"topic\":\"{}\",\"from\":4,\"to\":9}}\n\n",
            channel()
        )
    );
}

#[test]
fn an_event_of_a_later_version_is_no_frame() {
    assert!(Frame::of_event(&Event::default(), at()).is_none());
}
