//! Where the next page of a list begins that is ordered by time and id: opaque to clients.

use avvivo_http_kit::Problem;
use avvivo_kernel::{ErrorKind, Timestamp, time::is_storable};
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

const X_NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");

/// The last row of a page.
pub(crate) type Place = (Timestamp, Uuid);

/// Reads the cursor of a request; a blank one is none.
pub(crate) fn read(cursor: Option<&str>) -> Result<Option<Place>, Problem> {
    match cursor.filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => decode(cursor).map(Some).ok_or_else(bad_cursor),
        None => Ok(None),
    }
}

/// Says where the next page begins, if there may be one.
pub(crate) fn write(mut response: Response, last: Option<Place>) -> Response {
    let next = last.and_then(|place| HeaderValue::try_from(encode(place)).ok());
    if let Some(next) = next {
        response.headers_mut().insert(X_NEXT_CURSOR, next);
    }
    response
}

fn encode((at, id): Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{id}", at.timestamp_micros()))
}

fn decode(cursor: &str) -> Option<Place> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (micros, id) = text.split_once('.')?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some((Some(at).filter(is_storable)?, id.parse().ok()?))
}

fn bad_cursor() -> Problem {
    let message = "No pudimos continuar el listado. Empezá de nuevo.";
    Problem::new(ErrorKind::Invalid, "request.bad_cursor", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_and_nonsense_does_not() {
        let at: Timestamp = "2026-03-10T12:00:00.123456Z".parse().unwrap();
        let id = Uuid::from_u128(7);
        assert_eq!(decode(&encode((at, id))), Some((at, id)));
        let before_all_calendars = encode(("-5000-01-01T00:00:00Z".parse().unwrap(), id));
        assert_eq!(decode(&before_all_calendars), None);
        for nonsense in ["", "%", "AAAA", "MS4x"] {
            assert_eq!(decode(nonsense), None, "{nonsense}");
        }
    }
}
