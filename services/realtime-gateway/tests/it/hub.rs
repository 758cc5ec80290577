//! The hub against the simplest model of it.

use std::collections::{BTreeSet, VecDeque};

use avvivo_realtime_gateway::hub::{Counts, Fanout, Hub, ReaderId};
use proptest::prelude::*;
use tokio::sync::mpsc::{Receiver, error::TryRecvError};

const QUEUE: usize = 3;
const AUDIENCES: [&str; 4] = ["shop:a", "shop:b", "client:c", "public:reels"];

#[derive(Debug, Clone)]
enum Step {
    Subscribe(BTreeSet<usize>),
    Publish(usize),
    Broadcast,
    Read(usize),
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let audience = 0..AUDIENCES.len();
    let step = prop_oneof![
        2 => prop::collection::btree_set(audience.clone(), 1..3).prop_map(Step::Subscribe),
        6 => audience.prop_map(Step::Publish),
        1 => Just(Step::Broadcast),
        6 => (0..8_usize).prop_map(Step::Read),
        1 => (0..8_usize).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 0..200)
}

/// What a reader should have.
struct Reader {
    id: ReaderId,
    queue: Receiver<u32>,
    audiences: BTreeSet<usize>,
    waiting: VecDeque<u32>,
    is_in: bool,
}

struct Model {
    hub: Hub<u32>,
    readers: Vec<Reader>,
    published: u32,
}

impl Model {
    fn new() -> Self {
        Self {
            hub: Hub::new(QUEUE),
            readers: Vec::new(),
            published: 0,
        }
    }

    fn expect(&mut self, hears: impl Fn(&Reader) -> bool) -> Fanout {
        let mut fanout = Fanout::default();
        for reader in self.readers.iter_mut().filter(|reader| reader.is_in) {
            if !hears(reader) {
                continue;
            }
            if reader.waiting.len() == QUEUE {
                reader.is_in = false;
                fanout.shed += 1;
            } else {
                reader.waiting.push_back(self.published);
                fanout.reached += 1;
            }
        }
        fanout
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Subscribe(audiences) => {
                let (id, queue) = self
                    .hub
                    .subscribe(audiences.iter().map(|index| AUDIENCES[*index]));
                self.readers.push(Reader {
                    id,
                    queue,
                    audiences,
                    waiting: VecDeque::new(),
                    is_in: true,
                });
            }
            Step::Publish(audience) => {
                self.published += 1;
                let expected = self.expect(|reader| reader.audiences.contains(&audience));
                prop_assert_eq!(
                    self.hub.publish(AUDIENCES[audience], &self.published),
                    expected
                );
            }
            Step::Broadcast => {
                self.published += 1;
                let expected = self.expect(|_| true);
                prop_assert_eq!(self.hub.broadcast(&self.published), expected);
            }
            Step::Read(index) => {
                let Some(reader) = self.readers.get_mut(index) else {
                    return Ok(());
                };
                let empty = if reader.is_in {
                    TryRecvError::Empty
                } else {
                    TryRecvError::Disconnected
                };
                prop_assert_eq!(
                    reader.queue.try_recv(),
                    reader.waiting.pop_front().ok_or(empty)
                );
            }
            Step::Leave(index) if index < self.readers.len() => {
                let reader = self.readers.swap_remove(index);
                self.hub.unsubscribe(reader.id);
            }
            Step::Leave(_) => {}
        }
        self.counts_agree()
    }

    fn counts_agree(&self) -> Result<(), TestCaseError> {
        let present = || self.readers.iter().filter(|reader| reader.is_in);
        let heard: BTreeSet<usize> = present()
            .flat_map(|reader| reader.audiences.iter().copied())
            .collect();
        let counts = Counts {
            channels: heard
                .iter()
                .filter(|index| !AUDIENCES[**index].starts_with("public:"))
                .count(),
            connections: present().count(),
        };
        prop_assert_eq!(self.hub.counts(), counts);
        for (index, audience) in AUDIENCES.iter().enumerate() {
            prop_assert_eq!(self.hub.is_heard(audience), heard.contains(&index));
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn everybody_hears_exactly_their_own_in_order_until_they_leave_or_lag(steps in steps()) {
        let mut model = Model::new();
        for step in steps {
            model.take(step)?;
        }
        for reader in std::mem::take(&mut model.readers) {
            model.hub.unsubscribe(reader.id);
        }
        model.counts_agree()?;
    }
}

#[test]
fn a_reader_of_the_same_audience_twice_hears_once() {
    let mut hub = Hub::new(QUEUE);
    let (id, mut queue) = hub.subscribe(["shop:a", "shop:a"]);
    assert_eq!(hub.publish("shop:a", &1).reached, 1);
    assert_eq!(
        (queue.try_recv(), queue.try_recv()),
        (Ok(1), Err(TryRecvError::Empty))
    );
    hub.unsubscribe(id);
    hub.unsubscribe(id);
    assert!(!hub.is_heard("shop:a"));
}

#[test]
fn a_reader_that_went_away_without_a_word_is_skipped() {
    let mut hub = Hub::new(QUEUE);
    let (_, gone) = hub.subscribe(["shop:a"]);
    let (_, mut here) = hub.subscribe(["shop:a"]);
    drop(gone);
    assert_eq!(
        hub.publish("shop:a", &1),
        Fanout {
            reached: 1,
            shed: 0
        }
    );
    assert_eq!(here.try_recv(), Ok(1));
}
