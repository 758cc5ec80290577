//! What one write takes: frames of several events, each with the reader's own `id:` line, and where the reader stands after
//! each of them.
//!
//! A reader moves on only as far as the socket took the bytes. A socket may take part of a frame; the reader keeps hold of
//! that one frame and of how much of it went, and nothing else: the rest is in the ring.

use std::{fmt, sync::Arc};

use avvivo_contracts::cursor::{MAX_AUDIENCES, Place, write_part};

use crate::{frame::Frame, seats::Seats};

/// How much is taken at once: what one write to a socket takes anyway.
const MAX_EVENTS: usize = 64;
const MAX_BYTES: usize = 64 << 10;

/// A write in the making. Meant to be used again and again: its memory stays.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    bytes: Vec<u8>,
    /// Bytes at the beginning that are the connection's own and no event's.
    own: usize,
    /// Bytes at the beginning that went out earlier.
    sent: usize,
    marks: Vec<Mark>,
    /// Where each seat stands after what is drafted so far.
    places: [Place; MAX_AUDIENCES],
    /// The events that marks speak of.
    pub(crate) frames: Vec<Arc<Frame>>,
    /// Whole events.
    events: usize,
    /// The names of states.
    states: Vec<&'static str>,
}

/// One part of an event.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Where its bytes end.
    end: usize,
    seat: usize,
    /// Where the reader stands after it.
    place: Place,
    /// Which event, and which part of it.
    frame: usize,
    part: usize,
}

/// A frame of which the socket took a part.
#[derive(Debug)]
pub(crate) struct Begun {
    seat: usize,
    frame: Arc<Frame>,
    part: usize,
    /// Bytes that went, the `id:` line's included.
    sent: usize,
}

/// What did not go out of a write.
#[derive(Debug)]
pub(crate) enum Rest {
    /// The rest of what is the connection's own.
    Own(Box<[u8]>),
    /// The rest of a frame.
    Begun(Begun),
}

impl Draft {
    /// Begins anew, for a reader that stands there. Frames stay.
    pub(crate) fn begin(&mut self, seats: &Seats) {
        self.bytes.clear();
        self.marks.clear();
        self.own = 0;
        self.sent = 0;
        self.events = 0;
        self.states.clear();
        for (place, read_to) in self.places.iter_mut().zip(seats.places()) {
            *place = read_to;
        }
    }

    /// Adds what is no event. Comes before all events.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.own = self.bytes.len();
    }

    /// Adds how something is. Comes before all events.
    pub(crate) fn state(&mut self, name: &'static str, bytes: &[u8]) {
        self.say(bytes);
        self.states.push(name);
    }

    /// The states in it.
    pub(crate) fn states(&self) -> &[&'static str] {
        &self.states
    }

    /// Whether there is no event in it yet.
    pub(crate) fn is_without_events(&self) -> bool {
        self.marks.is_empty()
    }

    /// Goes on where the last write stopped.
    pub(crate) fn resume(&mut self, seats: &Seats, rest: Rest) {
        match rest {
            Rest::Own(bytes) => self.say(&bytes),
            Rest::Begun(begun) => {
                self.frames.push(begun.frame);
                self.sent = begun.sent;
                let frame = self.frames.len() - 1;
                self.add_part(seats, begun.seat, frame, begun.part);
            }
        }
    }

    /// Where a seat stands after what is drafted.
    pub(crate) fn place(&self, seat: usize) -> Place {
        self.places.get(seat).copied().unwrap_or_default()
    }

    /// How many more events there is room for.
    pub(crate) fn room(&self) -> usize {
        if self.bytes.len() >= MAX_BYTES {
            return 0;
        }
        MAX_EVENTS.saturating_sub(self.events)
    }

    /// Adds the event with this index, or what the seat has not had of it.
    pub(crate) fn add(&mut self, seats: &Seats, seat: usize, frame: usize) {
        let Some(event) = self.frames.get(frame) else {
            return;
        };
        let (sequence, parts) = (event.sequence, event.parts().len());
        let begun = usize::from(parts > 1 && self.place(seat) == Place::within(sequence));
        if parts == 0 {
            // It says nothing to anybody, but has a number.
            let place = Place::after(sequence);
            self.mark(Mark {
                end: self.bytes.len(),
                seat,
                place,
                frame,
                part: 0,
            });
        }
        for part in begun..parts {
            self.add_part(seats, seat, frame, part);
        }
    }

    /// Adds all events that come after the seat's place.
    pub(crate) fn add_later(&mut self, seats: &Seats, seat: usize) {
        let read_to = self.place(seat).sequence();
        let first = self
            .frames
            .partition_point(|frame| frame.sequence <= read_to);
        for frame in first..self.frames.len() {
            if self.room() == 0 {
                return;
            }
            self.add(seats, seat, frame);
        }
    }

    fn add_part(&mut self, seats: &Seats, seat: usize, frame: usize, part: usize) {
        let Some(event) = self.frames.get(frame) else {
            return;
        };
        let parts = event.parts();
        let place = if part + 1 >= parts.len() {
            Place::after(event.sequence)
        } else {
            Place::within(event.sequence)
        };
        if let Some(at) = self.places.get_mut(seat) {
            *at = place;
        }
        write_id(&mut self.bytes, seats, &self.places);
        if let Some(part) = parts.get(part) {
            self.bytes.extend_from_slice(&part.bytes);
        }
        self.mark(Mark {
            end: self.bytes.len(),
            seat,
            place,
            frame,
            part,
        });
    }

    fn mark(&mut self, mark: Mark) {
        self.events += usize::from(!mark.place.is_within());
        if let Some(place) = self.places.get_mut(mark.seat) {
            *place = mark.place;
        }
        self.marks.push(mark);
    }

    /// What is still to be written.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    /// Nothing is drafted.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.marks.is_empty()
    }

    /// Whole events in it.
    pub(crate) fn events(&self) -> usize {
        self.events
    }

    /// All of it went out, or so many bytes: the reader moves on, as far as that goes. Answers what is left of what was
    /// begun; what was not begun is forgotten.
    pub(crate) fn sent(&self, seats: &mut Seats, bytes: usize) -> Option<Rest> {
        let sent = self.sent + bytes;
        if sent < self.own {
            let rest = self.bytes.get(sent..self.own).unwrap_or_default();
            return Some(Rest::Own(rest.into()));
        }
        let mut start = self.own;
        for mark in &self.marks {
            if mark.end > sent {
                let frame = self.frames.get(mark.frame).filter(|_| sent > start)?;
                return Some(Rest::Begun(Begun {
                    seat: mark.seat,
                    frame: Arc::clone(frame),
                    part: mark.part,
                    sent: sent - start,
                }));
            }
            seats.move_to(mark.seat, mark.place);
            start = mark.end;
        }
        None
    }

    /// The events that went out whole when so many bytes did.
    pub(crate) fn delivered(&self, bytes: usize) -> impl Iterator<Item = &Arc<Frame>> {
        let sent = self.sent + bytes;
        self.marks
            .iter()
            .take_while(move |mark| mark.end <= sent)
            .filter(|mark| !mark.place.is_within())
            .filter_map(|mark| self.frames.get(mark.frame))
    }
}

/// The `id:` line of a reader that stands there.
fn write_id(into: &mut Vec<u8>, seats: &Seats, places: &[Place; MAX_AUDIENCES]) {
    into.extend_from_slice(b"id: ");
    for (number, (topic, place)) in seats.topics().iter().zip(places).enumerate() {
        if number > 0 {
            into.push(b'.');
        }
        // Writing to memory cannot fail.
        write_part(&mut Text(into), topic.tag(), *place).unwrap_or_default();
    }
    into.push(b'\n');
}

/// Text into bytes.
struct Text<'b>(&'b mut Vec<u8>);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
