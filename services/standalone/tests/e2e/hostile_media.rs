//! Files that are not what they claim to be, or worse. Each ends clearly: hidden, with a code and a sentence, paid back,
//! nothing fetched, nothing left.

use std::net::TcpListener;

use uuid::Uuid;

use crate::{
    hiding::folders_of_attempts,
    support::{media, people::Shop, platform::Platform},
};

pub(crate) async fn hostile_media_end_clearly(platform: &Platform) {
    let shop = platform.shop(2);
    let bait = TcpListener::bind("127.0.0.1:0").unwrap();
    bait.set_nonblocking(true).unwrap();
    let inside = format!("http://{}", bait.local_addr().unwrap());
    for (media, code) in [
        (media::text(), "media.not_a_video"),
        (media::truncated(), "media.truncated"),
        (media::four_hours(), "media.too_long"),
        (media::playlist(&inside), "media.not_a_video"),
    ] {
        let before = platform.rows.quota(shop.id).await;
        let reel = shop.publish_video(&media).await;
        ends_with(platform, &shop, reel, code).await;
        assert_eq!(platform.rows.quota(shop.id).await, before, "{code}");
    }
    let reel = shop.publish_photo(&media::bomb()).await;
    ends_with(platform, &shop, reel, "media.too_many_pixels").await;

    let fetched = bait.accept();
    let nobody = std::io::ErrorKind::WouldBlock;
    assert!(
        fetched.as_ref().is_err_and(|error| error.kind() == nobody),
        "{fetched:?}"
    );
    let scratch = platform.process("processor").unwrap().scratch();
    assert_eq!(folders_of_attempts(&scratch), 0);
}

async fn ends_with(platform: &Platform, shop: &Shop, reel: Uuid, code: &str) {
    let row = platform.rows.settled(reel).await;
    assert_eq!(
        (row.status.as_str(), row.render_error_code.as_deref()),
        ("HIDDEN", Some(code))
    );
    assert_eq!(
        (row.render_attempts, row.lease_token),
        (1, None),
        "{code}: tried once"
    );
    assert_eq!(
        platform.rows.ledger(reel).await,
        ["DEBIT 1", "CREDIT 1"],
        "{code}"
    );
    let told = shop.status(reel).await;
    let state = &told["editorState"];
    assert_eq!(state["workerStage"], "FAILED_PERMANENT", "{told}");
    let sentence = state["workerError"].as_str().unwrap();
    assert!(
        !sentence.is_empty() && !sentence.contains('/'),
        "{sentence}"
    );
    platform.google.forgotten(reel).await;
}
