//! What the gateway asks on behalf of its readers: how far audiences are, and what they were told lately.

pub mod heads;
pub mod issue_ticket;
pub mod redeem_ticket;
pub mod replay;
pub mod topics;

use avvivo_contracts::events::v1::Event;
use prost::Message as _;

/// An encoded event with its number: in protobuf a message goes on where another ends.
pub(crate) fn numbered(mut event: Vec<u8>, sequence: u64) -> Vec<u8> {
    let number = Event {
        sequence,
        ..Event::default()
    };
    // Writing to memory that grows cannot fail.
    number.encode(&mut event).unwrap_or_default();
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_numbered_without_being_read() {
        let event = Event {
            id: "e".to_owned(),
            audience: "shop:a".to_owned(),
            traceparent: "00-t".to_owned(),
            ..Event::default()
        };
        let bytes = numbered(event.encode_to_vec(), 7);
        let read = Event::decode(bytes.as_slice()).unwrap();
        assert_eq!(
            read,
            Event {
                sequence: 7,
                ..event
            }
        );
    }
}
