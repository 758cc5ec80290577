//! People who listen, as browsers do: they come back wherever they are let in, say where they were, and believe nothing that
//! did not arrive whole.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use avvivo_contracts::{audience::Audience, cursor::Cursor};
use rand::{Rng as _, rngs::StdRng};
use reqwest::Method;
use serde_json::json;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    World,
    people::Person,
    record::{Asked, Entry, Record, entry},
    wire::{Frame, Opened, Wire, open},
};

const READERS: usize = 20;

/// A gateway that is frozen takes the call and says nothing.
const OPEN_LIMIT: Duration = Duration::from_secs(4);
/// What the server asks for is honoured up to this: the run is short.
const LONGEST_PAUSE: u64 = 400;
/// A connection that is to break in mid-frame breaks by then, frame or not.
const BREAK_LIMIT: Duration = Duration::from_secs(2);

/// What is done to a reader.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mischief {
    /// Its connection breaks after so many bytes.
    Break(usize),
    /// It does not read for a while.
    Stall(Duration),
    /// It is away for a while.
    Leave(Duration),
}

/// How somebody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// The chat's stream, with a token.
    Chat,
    /// A stream of one topic, with a token.
    Topic,
    /// A stream of two topics, with a ticket each time.
    Tickets,
}

/// Everybody who listens.
pub(super) struct Readers {
    pub(super) records: Vec<Arc<Mutex<Record>>>,
    mischief: Vec<mpsc::Sender<Mischief>>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Readers {
    pub(super) fn begin(world: &Arc<World>) -> Self {
        let mut readers = Self {
            records: Vec::new(),
            mischief: Vec::new(),
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
        };
        for number in 0..READERS {
            let (tell, told) = mpsc::channel(1);
            let reader = Reader::new(Arc::clone(world), number, told);
            readers.records.push(Arc::clone(&reader.record));
            readers.mischief.push(tell);
            let stop = readers.stop.clone();
            readers.tasks.spawn(async move {
                stop.run_until_cancelled(reader.run(stop.clone())).await;
            });
        }
        readers
    }

    /// Does something to one of them; nothing, when it is busy with what was done before.
    pub(super) fn bother(&self, reader: usize, mischief: Mischief) {
        self.mischief[reader % READERS]
            .try_send(mischief)
            .unwrap_or_default();
    }

    /// Whether all of them still listen.
    pub(super) fn all_listen(&mut self) {
        if let Some(ended) = self.tasks.try_join_next() {
            ended.unwrap();
            panic!("a reader went away");
        }
    }

    pub(super) async fn finish(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

struct Reader {
    world: Arc<World>,
    dice: StdRng,
    person: usize,
    door: Door,
    /// Now and then loads its page again, and listens from there.
    reloads: bool,
    record: Arc<Mutex<Record>>,
    told: mpsc::Receiver<Mischief>,
    /// The last `id:` that arrived with its frame.
    last: Option<String>,
    /// What its page said, until it has an `id:`.
    since: Option<String>,
    retry: u64,
}

impl Reader {
    fn new(world: Arc<World>, number: usize, told: mpsc::Receiver<Mischief>) -> Self {
        let person = number % world.cast.people.len();
        let door = [Door::Chat, Door::Topic, Door::Tickets][number % 3];
        let own = world.cast.people[person].audience.clone();
        let audiences = match door {
            Door::Topic => vec![own.clone()],
            Door::Chat | Door::Tickets => vec![own.clone(), Audience::PublicReels.to_string()],
        };
        let name = format!("reader {number} ({door:?}, {own})");
        Self {
            dice: world.plan.dice(&name),
            person,
            door,
            reloads: number.is_multiple_of(2),
            record: Arc::new(Mutex::new(Record::of(name, audiences))),
            told,
            last: None,
            since: None,
            retry: 0,
            world,
        }
    }

    async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if self.reloads && !self.world.is_calm() && self.dice.random_bool(0.15) {
                self.reload().await;
            }
            let number = self.dice.random_range(0..2);
            let gateway = self.world.gateways[number];
            self.world.tally.connections.add(1);
            match timeout(OPEN_LIMIT, self.connect(gateway)).await {
                Ok(Some(wire)) => self.listen(wire).await,
                Ok(None) | Err(_) => self.world.tally.refusals.add(1),
            }
            sleep(Duration::from_millis(self.retry.min(LONGEST_PAUSE))).await;
        }
    }

    fn person(&self) -> &Person {
        &self.world.cast.people[self.person]
    }

    /// Loads a page of a conversation anew: what it heard before no longer matters, because the page has it.
    async fn reload(&mut self) {
        let talk = self.world.cast.conversation_of(self.person);
        let word = self.person().side.word();
        let path = format!("/chat/{word}/conversations/{}/messages?limit=100", talk.id);
        let api = self.dice.random_range(0..2);
        let asked = (Method::GET, path.as_str());
        let answer = self.world.rest.ask(api, self.person(), asked, None, None);
        let Some(answer) = answer.await else { return };
        let cursor = answer.header("x-realtime-cursor").unwrap().to_owned();
        let items = answer.ok()["items"].take();
        let messages = items.as_array().unwrap().iter();
        let entry = Entry::Page {
            conversation: talk.id,
            messages: messages
                .map(|message| message["id"].as_str().unwrap().parse().unwrap())
                .collect(),
            cursor: Cursor::parse(&cursor).unwrap(),
        };
        self.record.lock().unwrap().note(entry);
        self.last = None;
        self.since = Some(cursor);
    }

    async fn connect(&self, gateway: SocketAddr) -> Option<Wire> {
        let mut headers = Vec::new();
        let bearer = format!("Bearer {}", self.person().token);
        let mut path = match self.door {
            Door::Chat => "/chat/events/stream?".to_owned(),
            Door::Topic => format!("/realtime/stream?topics={}", self.person().audience),
            Door::Tickets => format!("/realtime/stream?ticket={}", self.ticket().await?),
        };
        if self.door != Door::Tickets {
            headers.push(("Authorization", bearer.as_str()));
        }
        if let Some(last) = &self.last {
            headers.push(("Last-Event-ID", last.as_str()));
        } else if let Some(since) = &self.since {
            path.extend(["&since=", since]);
        }
        match open(gateway, &path, &headers).await.ok()? {
            Opened::Stream(wire) => Some(wire),
            Opened::Refused(status) => {
                if status < 500 && status != 429 {
                    self.record.lock().unwrap().note(Entry::Refused(status));
                }
                None
            }
        }
    }

    /// A ticket from whichever api gives one.
    async fn ticket(&self) -> Option<String> {
        let wanted = json!({"topics": ["chat", "reels"]});
        let asked = (Method::POST, "/realtime/tickets");
        for api in 0..2 {
            let api = api + self.person;
            let answer =
                self.world
                    .rest
                    .ask(api, self.person(), asked.clone(), Some(&wanted), None);
            if let Some(answer) = answer.await {
                return Some(answer.ok()["ticket"].as_str().unwrap().to_owned());
            }
        }
        None
    }

    async fn listen(&mut self, mut wire: Wire) {
        let asked = match self.last.as_ref().or(self.since.as_ref()) {
            None => Asked::Now,
            Some(text) => Asked::After(Cursor::parse(text).unwrap()),
        };
        let mut patience = pin!(sleep(self.patience()));
        loop {
            tokio::select! {
                () = &mut patience => return,
                frame = wire.next() => match frame {
                    Ok(Some(frame)) => self.hear(&frame, &asked),
                    Ok(None) | Err(_) => return,
                },
                Some(mischief) = self.told.recv() => match mischief {
                    Mischief::Stall(pause) => sleep(pause).await,
                    Mischief::Leave(pause) => {
                        drop(wire);
                        sleep(pause).await;
                        return;
                    }
                    Mischief::Break(bytes) => {
                        wire.break_after(bytes);
                        let rest = async {
                            while let Ok(Some(frame)) = wire.next().await {
                                self.hear(&frame, &asked);
                            }
                        };
                        drop(timeout(BREAK_LIMIT, rest).await);
                        return;
                    }
                },
            }
        }
    }

    /// How long it listens until it goes away by itself, wherever it is just then; when all is calm, for good.
    fn patience(&mut self) -> Duration {
        let millis = self.dice.random_range(1_000..15_000);
        if self.world.is_calm() {
            return Duration::from_hours(1);
        }
        Duration::from_millis(millis)
    }

    fn hear(&mut self, frame: &Frame, asked: &Asked) {
        let tally = &self.world.tally;
        tally.frames.add(1);
        if let Some(entry) = entry(frame, asked) {
            if let Entry::Gap { from, to, .. } = entry {
                tally.gaps.add(1);
                tally.missed.add(usize::try_from(to - from + 1).unwrap());
            }
            self.record.lock().unwrap().note(entry);
        }
        if let Some(id) = &frame.id {
            self.last = Some(id.clone());
            self.since = None;
        }
        if let Some(retry) = frame.retry {
            self.retry = retry;
        }
    }
}
