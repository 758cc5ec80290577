//! Errands: what is done outside, by whoever may be away for hours. Each kind has a lane of its own, so that a provider that
//! is away delays what is for it and nothing else.

use std::{sync::Arc, time::Duration};

use avvivo_ports::{Geocoder, Mailer};
use avvivo_postgres::{
    DbError,
    outbox::{Kind, Pending, errands::Errand},
};
use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    Relay,
    settling::{Answered, DrainReport},
};
use crate::{
    Deps, mailing,
    outbox::{NotTaken, Ran},
    places,
};

/// How many are claimed at once: what a dying relay holds up for [`CLAIM_TTL`].
pub(super) const A_BATCH: u16 = 4;
/// How long a claim holds: two rounds of a link, a turn and a mail, or four questions to the map, each of which runs into its
/// limit, and some more.
pub(super) const CLAIM_TTL: TimeDelta = TimeDelta::seconds(90);
/// How often a lane looks without being woken.
const IDLE_LOOK: Duration = Duration::from_secs(5);

/// What is under way when it is time to leave may take so much longer: a mail that a provider is about to take, and less than
/// any service drains for.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// How many of a batch are under way at once. Providers are asked at a slow pace anyway, and what the map says about one
/// shop is what it says about the next one there.
fn at_once(errand: Errand) -> usize {
    match errand {
        Errand::Mail => 2,
        Errand::Place => 1,
    }
}

/// Who runs errands for this process. Whoever is missing leaves theirs to other processes.
pub struct Errands {
    /// What they work with.
    pub deps: Deps,
    /// Sends mails.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Knows where addresses are.
    pub geocoder: Option<Arc<dyn Geocoder>>,
}

impl Errands {
    fn runs(&self, errand: Errand) -> bool {
        match errand {
            Errand::Mail => self.mailer.is_some(),
            Errand::Place => self.geocoder.is_some(),
        }
    }

    async fn run(&self, errand: Errand, row: &Pending) -> Result<Ran, NotTaken> {
        let nobody = || NotTaken::later("nobody runs it here");
        match errand {
            Errand::Mail => {
                let mailer = self.mailer.as_deref().ok_or_else(nobody)?;
                mailing::deliver(&self.deps, mailer, row).await
            }
            Errand::Place => {
                let map = self.geocoder.as_deref().ok_or_else(nobody)?;
                places::locate(&self.deps, map, row).await
            }
        }
    }
}

impl Relay {
    /// The same relay, which runs errands too.
    #[must_use]
    pub fn running(self, errands: Errands) -> Self {
        Self {
            errands: Some(errands),
            ..self
        }
    }

    /// Runs errands of a kind until told to stop. What is under way then has a moment to end, and is dropped: its claim runs
    /// out, and whoever takes it up does the same again under the same key.
    pub(super) async fn keep_running(&self, errand: Errand, stop: &CancellationToken) {
        let kind = Kind::Errands(errand);
        while self.runs(errand) && !stop.is_cancelled() {
            let mut running = Box::pin(self.drain_kind(kind));
            let ran = tokio::select! {
                ran = &mut running => ran,
                () = stop.cancelled() => match timeout(LAST_MOMENT, running).await {
                    Ok(ran) => ran,
                    Err(_elapsed) => return,
                },
            };
            if let Err(error) = ran {
                tracing::warn!(%error, outbox.kind = ?errand, "errands could not be run");
            }
            tokio::select! {
                () = self.nudge.woken(kind) => {}
                () = tokio::time::sleep(IDLE_LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Runs the errands of one claim: a sweep has other things to do.
    pub(super) async fn run_some(&self, errand: Errand) -> Result<DrainReport, DbError> {
        if !self.runs(errand) {
            return Ok(DrainReport::default());
        }
        let batch = self.claim(Kind::Errands(errand), A_BATCH).await?;
        self.settle(self.run_all(errand, batch).await).await
    }

    fn runs(&self, errand: Errand) -> bool {
        self.errands.as_ref().is_some_and(|it| it.runs(errand))
    }

    pub(super) async fn run_all(&self, errand: Errand, rows: Vec<Pending>) -> Answered {
        let Some(errands) = &self.errands else {
            return Answered::untried(rows.iter().map(|row| row.id).collect());
        };
        let answers: Vec<_> = stream::iter(rows)
            .map(|row| async {
                let answer = errands.run(errand, &row).await;
                (row, answer)
            })
            .buffer_unordered(at_once(errand))
            .filter_map(|(row, answer)| async {
                match answer {
                    Ok(Ran::Done) => Some((row, Ok(()))),
                    Ok(Ran::Lost) => None,
                    Err(trouble) => Some((row, Err(trouble))),
                }
            })
            .collect()
            .await;
        self.sort(answers)
    }
}
