//! Whether a reader was told exactly what was committed: everything, once, in order, or how much it was not told.

use std::{collections::BTreeMap, fmt::Write as _};

use avvivo_contracts::cursor::Cursor;
use uuid::Uuid;

use super::{
    record::{Asked, Entry, News, Record, frames},
    truth::{Fact, Truth},
};

/// What one reader is told of before the rest is only more of the same.
const ENOUGH: usize = 2;
/// What happened to it before.
const CONTEXT: usize = 6;

/// What is wrong with what a reader was told.
pub(super) fn judge(record: &Record, truth: &Truth) -> Vec<String> {
    let mut judge = Judge {
        record,
        truth,
        places: record
            .audiences
            .iter()
            .map(|name| (name.as_str(), None))
            .collect(),
        faults: Vec::new(),
    };
    if let Some(began) = &record.began {
        judge.move_to(began);
    }
    for (index, entry) in record.entries.iter().enumerate() {
        if let Err(what) = judge.weigh(entry) {
            judge.blame(index, &what);
            if judge.faults.len() >= ENOUGH {
                return judge.faults;
            }
        }
    }
    if let Err(what) = judge.is_complete() {
        judge.blame(record.entries.len(), &what);
    }
    judge.faults
}

struct Judge<'r> {
    record: &'r Record,
    truth: &'r Truth,
    /// In frames.
    places: BTreeMap<&'r str, Option<u64>>,
    faults: Vec<String>,
}

impl<'r> Judge<'r> {
    fn blame(&mut self, index: usize, what: &str) {
        let mut text = format!("{}: {what}", self.record.name);
        let last = self.record.entries.len().min(index + 1);
        for entry in &self.record.entries[index.saturating_sub(CONTEXT)..last] {
            write!(text, "\n    {entry}").unwrap();
        }
        self.faults.push(text);
    }

    fn weigh(&mut self, entry: &'r Entry) -> Result<(), String> {
        match entry {
            Entry::Page {
                conversation,
                messages,
                cursor,
            } => self.page(*conversation, messages, cursor),
            Entry::Opened { asked, cursor } => self.opened(asked, cursor),
            Entry::Told { news, cursor } => {
                let told = self.told(news, cursor);
                self.move_to(cursor);
                told
            }
            Entry::Gap {
                audience,
                from,
                to,
                cursor,
            } => {
                let gap = self.gap(audience, (*from, *to), cursor);
                self.move_to(cursor);
                gap
            }
            Entry::Stands { cursor } => {
                let moved = self.moved(cursor);
                self.move_to(cursor);
                match moved.as_slice() {
                    [] => Ok(()),
                    moved => Err(format!("moved without being told anything: {moved:?}")),
                }
            }
            Entry::Refused(status) => Err(format!("sent away with {status}")),
            Entry::Nonsense(frame) => Err(format!("cannot read {frame:?}")),
        }
    }

    fn move_to(&mut self, cursor: &Cursor) {
        for (audience, place) in &mut self.places {
            *place = cursor.place(audience).map(frames);
        }
    }

    /// Where a cursor differs from where the reader stands: audience, from, to.
    fn moved(&self, cursor: &Cursor) -> Vec<(&'r str, Option<u64>, Option<u64>)> {
        let places = self.places.iter();
        let all =
            places.map(|(audience, place)| (*audience, *place, cursor.place(audience).map(frames)));
        all.filter(|(_, from, to)| from != to).collect()
    }

    fn page(&self, conversation: Uuid, messages: &[Uuid], cursor: &Cursor) -> Result<(), String> {
        let own = &self.record.audiences[0];
        let Some(place) = cursor.place(own) else {
            return Err("the page does not say where its stream goes on".to_owned());
        };
        let told = &self.truth.told[own];
        let all = told.messages(conversation, u64::MAX);
        let known: Vec<Uuid> = messages
            .iter()
            .copied()
            .filter(|id| all.contains(id))
            .collect();
        if !known.is_empty() && !all.windows(known.len()).any(|some| some == known) {
            return Err("the page has holes, or repeats".to_owned());
        }
        match told.messages(conversation, place.sequence()).last() {
            Some(last) if !messages.contains(last) => Err(format!(
                "neither the page nor the stream after it has {last}"
            )),
            _ => Ok(()),
        }
    }

    fn opened(&mut self, asked: &Asked, cursor: &Cursor) -> Result<(), String> {
        self.move_to(cursor);
        for (audience, place) in &self.places {
            let Some(place) = *place else {
                return Err(format!(
                    "let in without being told where it stands in {audience}"
                ));
            };
            let wanted = match asked {
                Asked::Now => None,
                Asked::After(cursor) => cursor.place(audience).map(frames),
            };
            let head = self.truth.head(audience);
            if wanted.is_some_and(|wanted| wanted != place) {
                return Err(format!(
                    "let in at {place} of {audience} instead of {wanted:?}"
                ));
            }
            if place > head * 2 {
                return Err(format!(
                    "let in at {place} of {audience}, beyond its head {head}"
                ));
            }
        }
        Ok(())
    }

    fn told(&self, news: &News, cursor: &Cursor) -> Result<(), String> {
        let moved = self.moved(cursor);
        let [(audience, Some(from), Some(to))] = moved.as_slice() else {
            return Err(format!("told one thing, and moved {moved:?}"));
        };
        let (audience, from, to) = (*audience, *from, *to);
        // The first of a message's two frames, the second, or the whole of anything else.
        let (number, whole) = match news {
            News::Message(_) => (from / 2 + 1, from % 2 == 0 && to == from + 1),
            News::Unread { .. } => (from / 2 + 1, from % 2 == 1 && to == from + 1),
            _ => (from / 2 + 1, from % 2 == 0 && to == from + 2),
        };
        if !whole {
            return Err(format!(
                "went from {from} to {to} of {audience} with {news:?}"
            ));
        }
        let fact = self
            .truth
            .told
            .get(audience)
            .and_then(|told| told.fact(number));
        let is_so = match (news, fact) {
            (News::Message(id), Some(Fact::Message { id: told, .. })) => id == told,
            (
                News::Unread { conversation },
                Some(Fact::Message {
                    conversation: of, ..
                }),
            ) => conversation == of,
            (
                News::Read {
                    conversation,
                    read_to,
                },
                Some(Fact::Read {
                    conversation: of,
                    read_to: to,
                }),
            ) => conversation == of && read_to == to,
            _ => false,
        };
        if is_so {
            Ok(())
        } else {
            Err(format!(
                "number {number} of {audience} is {fact:?}, but {news:?} was told"
            ))
        }
    }

    fn gap(&self, audience: &str, (from, to): (u64, u64), cursor: &Cursor) -> Result<(), String> {
        let stood = self.places.get(audience).copied().flatten();
        let Some(stood) = stood else {
            return Err(format!("a gap in {audience}, which it does not hear"));
        };
        let moved = self.moved(cursor);
        let is_there =
            matches!(moved.as_slice(), [(of, _, Some(at))] if *of == audience && *at == to * 2);
        if stood / 2 + 1 != from || to < from || !is_there {
            return Err(format!(
                "a gap from {from} to {to} for one at {stood}, which moved {moved:?}"
            ));
        }
        if to > self.truth.head(audience) {
            return Err(format!("a gap up to {to}, beyond the head of {audience}"));
        }
        Ok(())
    }

    fn is_complete(&self) -> Result<(), String> {
        for (audience, place) in &self.places {
            let head = self.truth.head(audience) * 2;
            if *place != Some(head) {
                return Err(format!(
                    "stands at {place:?} of {audience} in the end, whose head is {head}"
                ));
            }
        }
        Ok(())
    }
}

mod tests;
