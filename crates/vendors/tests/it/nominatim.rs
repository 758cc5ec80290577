//! Addresses on the wire.

use std::time::{Duration, Instant};

use avvivo_ports::{Coordinates, GeocodeError, Geocoder as _};
use avvivo_vendors::{Nominatim, NominatimConfig};
use futures::future::join_all;

use crate::servers::{Fault, SHORT_LIMIT, Server, nobody, nominatim};

const ADDRESS: &str = "Cuenca 612, CABA, CABA, Argentina";

fn config(url: &str) -> NominatimConfig {
    NominatimConfig {
        url: format!("{url}/search"),
        interval: Duration::from_millis(5),
        ..NominatimConfig::new("avvivo-test/1.0 (tests@example.com)")
    }
}

async fn setup() -> (Server, Nominatim) {
    let server = nominatim::start().await;
    let geocoder = Nominatim::new(&config(&server.url)).unwrap();
    (server, geocoder)
}

/// What is said of an address while the vendor has `fault`.
async fn meeting(fault: Fault) -> GeocodeError {
    let (server, geocoder) = setup().await;
    server.fails_next([fault]);
    let error = geocoder.locate(ADDRESS).await.unwrap_err();
    // It was not kept: whoever comes next is answered, or told of the pause that the vendor asked for.
    match geocoder.locate(ADDRESS).await {
        Ok(found) => assert!(found.is_some()),
        Err(rest) => assert!(matches!(rest, GeocodeError::Unavailable { .. })),
    }
    error
}

#[tokio::test]
async fn an_address_is_found_where_the_map_has_it() {
    let (server, geocoder) = setup().await;
    let found = geocoder.locate(ADDRESS).await.unwrap();
    assert_eq!(found, Coordinates::new(-34.628_140_4, -58.477_921_6));
    let heard = &server.heard()[0];
    assert_eq!(
        heard.uri,
        "/search?q=Cuenca+612%2C+CABA%2C+CABA%2C+Argentina&format=jsonv2&addressdetails=1&limit=1&countrycodes=ar"
    );
    assert_eq!(heard.header("accept"), "application/json");
    assert_eq!(
        heard.header("user-agent"),
        "avvivo-test/1.0 (tests@example.com)"
    );
}

#[tokio::test]
async fn no_question_is_asked_twice() {
    let (server, geocoder) = setup().await;
    for same in [ADDRESS, "  cuenca 612,  CABA, caba, ARGENTINA "] {
        assert!(geocoder.locate(same).await.unwrap().is_some());
    }
    assert_eq!(server.heard().len(), 1);
    for _ in 0..2 {
        assert_eq!(geocoder.locate("Nowhere 1").await, Ok(None));
    }
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn many_who_ask_the_same_cause_one_request() {
    let (server, geocoder) = setup().await;
    let answers = join_all((0..50).map(|_| geocoder.locate(ADDRESS))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Some(_)))));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn what_is_no_address_is_not_asked_for() {
    let (server, geocoder) = setup().await;
    for address in ["", " \n ", &"a".repeat(1000)] {
        assert_eq!(geocoder.locate(address).await, Ok(None));
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn requests_keep_their_distance_and_the_queue_has_an_end() {
    let server = nominatim::start().await;
    let interval = Duration::from_millis(400);
    let geocoder = Nominatim::new(&NominatimConfig {
        interval,
        limit: Duration::from_millis(2400),
        ..config(&server.url)
    })
    .unwrap();
    let began = Instant::now();
    // Six of them; half of the limit is time for the turns of the first four.
    let streets: Vec<String> = (0..6).map(|number| format!("Cuenca {number}")).collect();
    let answers = join_all(streets.iter().map(|street| geocoder.locate(street))).await;
    let (found, busy): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((found.len(), busy.len()), (4, 2), "{busy:?}");
    assert!(began.elapsed() >= interval * 3);
    assert_eq!(server.heard().len(), 4);
    for error in busy {
        assert!(matches!(
            error,
            Err(GeocodeError::Unavailable {
                retry_after: Some(_),
                ..
            })
        ));
    }
}

#[tokio::test]
async fn a_refusal_is_later_and_says_its_status() {
    for status in [400, 403, 429, 500, 503, 302] {
        assert_eq!(
            meeting(Fault::status(status)).await,
            GeocodeError::Unavailable {
                reason: format!("HTTP {status}"),
                retry_after: None
            }
        );
    }
    let pause = [("retry-after", "20")].as_slice();
    let asked = meeting(Fault::Says(429, pause, String::new())).await;
    let GeocodeError::Unavailable { retry_after, .. } = asked else {
        panic!("{asked:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(20)));
}

#[tokio::test]
async fn what_is_no_answer_is_later() {
    for body in [
        "<html>",
        "{}",
        "[{}]",
        r#"[{"lat":"north","lon":"-58.4"}]"#,
        r#"[{"lat":"-134.6","lon":"-58.4"}]"#,
    ] {
        let later = meeting(Fault::Says(200, &[], body.to_owned())).await;
        assert!(matches!(later, GeocodeError::Unavailable { .. }), "{body}");
    }
    let later = meeting(Fault::Babble).await;
    assert!(matches!(later, GeocodeError::Unavailable { .. }));
}

#[tokio::test]
async fn a_dead_map_is_left_alone_for_a_while() {
    let (server, geocoder) = setup().await;
    server.fails_next([503, 503, 503].map(Fault::status));
    for _ in 0..3 {
        geocoder.locate(ADDRESS).await.unwrap_err();
    }
    let began = Instant::now();
    let resting = geocoder.locate(ADDRESS).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(1));
    let GeocodeError::Unavailable {
        retry_after: Some(_),
        ..
    } = resting
    else {
        panic!("{resting:?}")
    };
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn a_slow_or_absent_map_looks_dead_soon() {
    let server = nominatim::start().await;
    let geocoder = Nominatim::new(&NominatimConfig {
        limit: SHORT_LIMIT,
        ..config(&server.url)
    })
    .unwrap();
    server.fails_next([Fault::Silence]);
    assert_eq!(geocoder.locate(ADDRESS).await, Err(GeocodeError::Timeout));
    assert!(geocoder.locate(ADDRESS).await.unwrap().is_some());

    let geocoder = Nominatim::new(&config(&nobody().await)).unwrap();
    let gone = geocoder.locate(ADDRESS).await.unwrap_err();
    let GeocodeError::Unavailable { reason, .. } = gone else {
        panic!("{gone:?}")
    };
    assert!(!reason.contains("Cuenca"), "{reason}");
}

#[tokio::test]
async fn who_gives_up_takes_nothing_from_the_others() {
    let server = nominatim::start().await;
    let geocoder = Nominatim::new(&config(&server.url)).unwrap();
    server.fails_next([Fault::Silence]);
    let impatient = tokio::time::timeout(SHORT_LIMIT, geocoder.locate(ADDRESS));
    let (gave_up, patient) = tokio::join!(impatient, geocoder.locate(ADDRESS));
    assert!(gave_up.is_err());
    assert!(patient.unwrap().is_some());
    assert_eq!(server.heard().len(), 2);
}
