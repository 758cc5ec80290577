//! Who breaks things, one after the other.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::{
    World,
    cluster::{Bus, Cluster, Member},
    readers::{Mischief, Readers},
};

/// What is broken, and for how long.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Killed in mid-work, and started again.
    Kill(Member, Duration),
    /// Asked to leave, as a deployment does, and started again.
    Replace(Member),
    /// Still there, but doing nothing.
    Freeze(Member, Duration),
    KillPostgres(Duration),
    KillRedis(Duration),
    /// The bus says again what it said, and in another order.
    Repeat {
        times: usize,
        most: i64,
        order: u64,
    },
    /// Something is done to some readers.
    Bother {
        readers: usize,
        first: usize,
        mischief: Mischief,
    },
}

impl Fault {
    fn draw(dice: &mut StdRng) -> Self {
        let down = Duration::from_millis(dice.random_range(0..2_500));
        let long = Duration::from_millis(dice.random_range(500..5_000));
        let number = dice.random_range(0..2);
        let (readers, first) = (dice.random_range(1..12), dice.random_range(0..100));
        let bytes = dice.random_range(0..3_000);
        let (times, most, order) = (
            dice.random_range(5..40),
            dice.random_range(2..200),
            dice.random(),
        );
        match dice.random_range(0..100) {
            0..=14 => Self::Kill(Member::Gateway(number), down),
            15..=21 => Self::Replace(Member::Gateway(number)),
            22..=31 => Self::Freeze(Member::Gateway(number), long),
            32..=42 => Self::Kill(Member::Api(number), down),
            43..=46 => Self::Replace(Member::Api(number)),
            47..=50 => Self::Freeze(Member::Api(number), long),
            51..=58 => Self::KillPostgres(down),
            59..=66 => Self::KillRedis(down),
            67..=74 => Self::Kill(Member::Google, down),
            75..=77 => Self::Freeze(Member::Google, long),
            78..=87 => Self::Repeat { times, most, order },
            other => Self::Bother {
                readers,
                first,
                mischief: match other {
                    88..=91 => Mischief::Break(bytes),
                    92..=95 => Mischief::Stall(long * 2),
                    _ => Mischief::Leave(long * 3),
                },
            },
        }
    }

    /// Breaks it, and mends it again.
    async fn happen(self, world: &World, cluster: &mut Cluster, readers: &Readers) {
        match self {
            Self::Kill(member, down) => {
                cluster.kill(member).await;
                sleep(down).await;
                cluster.launch(member).await;
            }
            Self::Replace(member) => {
                cluster.dismiss(member).await;
                cluster.launch(member).await;
            }
            Self::Freeze(member, pause) => {
                cluster.signal(member, Signal::STOP);
                sleep(pause).await;
                cluster.signal(member, Signal::CONT);
            }
            Self::KillPostgres(down) => {
                cluster.kill_postgres().await;
                sleep(down).await;
                cluster.restart_postgres().await;
            }
            Self::KillRedis(down) => {
                cluster.kill_redis().await;
                sleep(down).await;
                cluster.restart_redis().await;
            }
            Self::Repeat { times, most, order } => {
                let mut dice = StdRng::seed_from_u64(order);
                let echo = &world.echo;
                echo.repeat(times, most, &mut dice, &world.tally).await;
            }
            Self::Bother {
                readers: some,
                first,
                mischief,
            } => (first..first + some).for_each(|reader| readers.bother(reader, mischief)),
        }
    }
}

/// Somebody who breaks things for one round.
pub(super) struct Adversary {
    dice: StdRng,
    /// However many things there was time to break before.
    last_dice: StdRng,
    began: Instant,
    /// What was broken, and when.
    pub(super) done: Vec<String>,
}

impl Adversary {
    pub(super) fn of(world: &World, round: usize) -> Self {
        Self {
            dice: world.plan.dice(&format!("adversary of round {round}")),
            last_dice: world.plan.dice(&format!("end of round {round}")),
            began: Instant::now(),
            done: Vec::new(),
        }
    }

    /// Breaks one thing after the other for as long as that, and leaves everything mended.
    pub(super) async fn rage(
        &mut self,
        world: &World,
        cluster: &mut Cluster,
        readers: &Readers,
        length: Duration,
    ) {
        while self.began.elapsed() < length {
            let pause = self.dice.random_range(0..1_500);
            sleep(Duration::from_millis(pause)).await;
            let fault = Fault::draw(&mut self.dice);
            self.strike(fault, world, cluster, readers).await;
        }
    }

    /// Breaks the bus: what is lost now, nothing that comes later gives away.
    pub(super) async fn strike_last(
        &mut self,
        world: &World,
        cluster: &mut Cluster,
        readers: &Readers,
    ) {
        let down = Duration::from_millis(self.last_dice.random_range(0..1_000));
        let fault = match cluster.bus() {
            Bus::PubSub => Fault::Kill(Member::Google, down),
            Bus::Redis => Fault::KillRedis(down),
        };
        self.strike(fault, world, cluster, readers).await;
    }

    async fn strike(
        &mut self,
        fault: Fault,
        world: &World,
        cluster: &mut Cluster,
        readers: &Readers,
    ) {
        let text = format!("{:5.1} s {fault:?}", self.began.elapsed().as_secs_f64());
        world.tally.fault.lock().unwrap().clone_from(&text);
        self.done.push(text);
        fault.happen(world, cluster, readers).await;
        *world.tally.fault.lock().unwrap() += ", mended";
    }
}
