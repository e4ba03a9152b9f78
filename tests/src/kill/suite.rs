//! The run itself: start, talk, be killed, start again; at the end wait, read the evidence, judge.

use super::evidence;
use super::marker::Manner;
use super::options::Options;
use super::talk::Talk;
use crate::checker::{Allowed, Report, check};
use crate::fake::fault::{Fault, Rule, When};
use crate::history::{Event, History};
use crate::launch::{KillPlan, Started};
use crate::random::Random;
use crate::system::{Setup, System};
use anyhow::{Context as _, bail};
use rookery_domain::kill_point::KillPoint;
use serde::Serialize;
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the process may take to reach its kill point.
const KILL_LIMIT: Duration = Duration::from_secs(20);
/// The latest random moment of a kill.
const RANDOM_KILL_MS_MAX: u64 = 600;
/// Without a new answer for this long, nothing more is expected.
const QUIET_LIMIT: Duration = Duration::from_secs(45);
/// Lives that end by a kill before one that may finish its work and ends in order. Without it the
/// same message could be cut so often that it counts as poison, and rightly so.
const KILLS_IN_A_ROW_MAX: usize = 5;
/// How long a life without a kill may take to finish what is waiting.
const REST_LIMIT: Duration = Duration::from_secs(60);
/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the ledger may take to be complete after the last answer.
const LEDGER_LIMIT: Duration = Duration::from_secs(20);
const SIGKILL: i32 = 9;

/// What a run showed.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// On which database.
    pub database: &'static str,
    /// The verdict.
    pub report: Report,
    /// What must not be; empty for a good run.
    pub violations: Vec<String>,
    /// Kill points that were not reached, with how often.
    pub not_reached: BTreeMap<String, u32>,
    /// The slowest acknowledgement, in milliseconds.
    pub acknowledgement_ms_max: u64,
    /// The whole run, in milliseconds.
    pub took_ms: u128,
    /// The seed that repeats it.
    pub seed: u64,
}

struct Suite<'a> {
    options: &'a Options,
    system: System,
    talk: Talk,
    history: Arc<History>,
    random: Random,
    not_reached: BTreeMap<String, u32>,
    crashes: Vec<String>,
}

/// Runs the suite. The history is written to a file; `progress` is told one line per round.
pub async fn run(
    options: &Options,
    history: &Path,
    progress: &(dyn Fn(String) + Sync),
) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let mut suite = Suite::begin(options, history).await?;
    let rounds = suite.rounds();
    let total = rounds.len();
    for (index, round) in rounds.into_iter().enumerate() {
        if index % KILLS_IN_A_ROW_MAX == 0 {
            suite.rest().await?;
        }
        let died = suite.round(round).await?;
        let name = round.map_or("random", KillPoint::name);
        progress(format!("{}/{total} {name}: {died}", index + 1));
    }
    suite.system.serve(None).await?;
    suite.wait_until_quiet().await?;
    progress("waiting for the last answers: done".to_owned());
    suite.judge(began).await
}

impl<'a> Suite<'a> {
    async fn begin(options: &'a Options, path: &Path) -> anyhow::Result<Self> {
        let mut setup = Setup::on(options.database);
        setup.seed = options.seed;
        if options.stay_silent {
            setup = setup.agent("on_ambiguous = \"stay-silent\"\n");
        }
        let mut system = System::start(setup).await?;
        let every = When::Probability(0.05);
        system.telegram.fault(Rule::new("webhook", every, Fault::DuplicateUpdate)).await;
        let history = Arc::new(History::create(path).await?);
        let talk = Talk::begin(&system, options, &history)?;
        system.process()?.kill().await?;
        Ok(Self {
            options,
            system,
            talk,
            history,
            random: Random::seeded(options.seed),
            not_reached: BTreeMap::new(),
            crashes: Vec::new(),
        })
    }

    /// Every kill once, in an order that the seed decides; `None` is a random moment.
    fn rounds(&mut self) -> Vec<Option<KillPoint>> {
        let planned = self.options.points.iter().map(|point| Some(*point));
        let mut rounds: Vec<_> =
            std::iter::repeat_n(planned, usize::try_from(self.options.rounds).unwrap_or(0))
                .flatten()
                .chain((0..self.options.random).map(|_| None))
                .collect();
        for last in (1..rounds.len()).rev() {
            let bound = u64::try_from(last + 1).unwrap_or(1);
            rounds.swap(last, usize::try_from(self.random.below(bound)).unwrap_or(0));
        }
        rounds
    }

    /// One life of the process. Returns how it ended, for people. Its end is written down at that moment,
    /// which may be while people still talk: repeats are judged by it.
    async fn round(&mut self, point: Option<KillPoint>) -> anyhow::Result<String> {
        let plan = point.map(|point| KillPlan { point, pass: self.pass(point) });
        let manner = (point == Some(KillPoint::K6ToolDone)).then_some(Manner::Tool);
        let count = self.options.messages_per_round();
        let killed = Event::Killed { point: point.map_or("random", KillPoint::name).to_owned() };
        match self.system.launch.start(plan).await? {
            Started::Ready(rookery) => {
                let ready_ms = u64::try_from(rookery.ready_after.as_millis()).unwrap_or(u64::MAX);
                self.system.rookery = Some(*rookery);
                self.history.record(Event::Restarted { ready_ms }).await?;
                if let Some(plan) = plan {
                    return self.die_at(plan, (count, manner), killed).await;
                }
                self.talk.say(count, manner).await?;
                let died = self.die_at_random().await?;
                self.history.record(killed).await?;
                Ok(died)
            }
            Started::Ended { status, log } => {
                self.history.record(killed).await?;
                if plan.is_none() || status.signal() != Some(SIGKILL) {
                    self.crashes.push(format!("ended by itself: {status}\n{log}"));
                }
                self.talk.say(count, manner).await?;
                Ok("killed before it was ready".to_owned())
            }
        }
    }

    /// A life that works off what is waiting and ends by SIGTERM.
    async fn rest(&mut self) -> anyhow::Result<()> {
        self.system.serve(None).await?;
        let deadline = Instant::now() + REST_LIMIT;
        while self.has_open_work().await? && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let process = self.system.process()?;
        process.terminate()?;
        let status = process.ended(REST_LIMIT).await?;
        if !status.success() {
            self.crashes.push(format!("did not end in order: {status}\n{}", process.log_tail()));
        }
        Ok(())
    }

    /// Whether the ledger has anything that is not answered or not sent.
    async fn has_open_work(&self) -> anyhow::Result<bool> {
        let waiting = "select (select count(*) from inbox where outcome is null) \
                       + (select count(*) from outbox where status in ('pending', 'sending'))";
        Ok(self.system.sql(waiting).await? != "0")
    }

    /// The how-manieth pass kills: any of those that the messages of one round make for sure.
    fn pass(&mut self, point: KillPoint) -> u64 {
        let messages = self.options.messages_per_round();
        let most = match point {
            // Facts are folded many at a time.
            KillPoint::K9RecordedNotFolded => 1,
            // Our own channel has no send.
            KillPoint::K8SentNotRecorded => self.options.chats / 2,
            _ => messages / 2,
        };
        1 + self.random.below(most.max(1))
    }

    /// Lets people talk until the process has killed itself.
    async fn die_at(
        &mut self,
        plan: KillPlan,
        (count, manner): (u64, Option<Manner>),
        killed: Event,
    ) -> anyhow::Result<String> {
        let process = self.system.process()?;
        let end = async {
            let ended = process.ended(KILL_LIMIT).await;
            if ended.is_err() {
                process.kill().await?;
            }
            self.history.record(killed).await.map(|()| ended)
        };
        let (said, ended) = tokio::join!(self.talk.say(count, manner), end);
        said?;
        match ended? {
            Ok(status) if status.signal() == Some(SIGKILL) => {
                Ok(format!("killed at pass {}", plan.pass))
            }
            Ok(status) => {
                let crash = format!("ended by itself: {status}");
                let log = self.system.process()?.log_tail();
                self.crashes.push(format!("{crash}\n{log}"));
                Ok(crash)
            }
            Err(_running) => {
                *self.not_reached.entry(plan.point.name().to_owned()).or_default() += 1;
                Ok(format!("pass {} was not reached", plan.pass))
            }
        }
    }

    async fn die_at_random(&mut self) -> anyhow::Result<String> {
        let moment = Duration::from_millis(self.random.below(RANDOM_KILL_MS_MAX));
        tokio::time::sleep(moment).await;
        let process = self.system.process()?;
        if !process.is_running() {
            let log = process.log_tail();
            self.crashes.push(format!("ended by itself\n{log}"));
        }
        process.kill().await?;
        Ok(format!("killed after {moment:?}"))
    }

    /// Waits as long as answers come.
    async fn wait_until_quiet(&mut self) -> anyhow::Result<()> {
        let expected = self.talk.said_on_platform();
        let mut seen = 0;
        let mut newest = Instant::now();
        loop {
            let answered = evidence::answered_on_platform(&self.system).await;
            let waiting = self.system.bot.pending_updates().await;
            if answered >= expected && waiting == 0 {
                return Ok(());
            }
            // A bot that stays silent never comes to the expected number.
            if self.options.stay_silent && waiting == 0 && !self.has_open_work().await? {
                return Ok(());
            }
            if answered > seen {
                (seen, newest) = (answered, Instant::now());
            }
            if newest.elapsed() > QUIET_LIMIT {
                return Ok(());
            }
            if !self.system.process()?.is_running() {
                let log = self.system.process()?.log_tail();
                bail!("the process ended while it caught up\n{log}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn judge(mut self, began: Instant) -> anyhow::Result<Outcome> {
        let runs = self.talk.finish_programs().await?;
        evidence::of_platform(&self.system, &self.talk, &self.history).await?;
        evidence::of_runs(&self.system, &runs, &self.history).await.with_context(|| {
            self.system
                .rookery
                .as_ref()
                .map_or_else(String::new, super::super::launch::Rookery::log_tail)
        })?;
        let ledger = self.settled_ledger().await?;
        let path = self.history.close().await?;
        let log = self.system.process()?.log();
        std::fs::write(path.with_extension("log"), log)?;
        let entries = crate::history::read(&std::fs::read_to_string(path)?)?;
        let report = check(&entries);
        let silent = self.options.stay_silent;
        let allowed = if silent { Allowed::STAY_SILENT } else { Allowed::WITHOUT_KEYS };
        let mut violations = report.violations(allowed);
        violations.extend(ledger);
        violations.append(&mut self.crashes);
        for (point, times) in &self.not_reached {
            violations.push(format!("{point} was not reached in {times} rounds"));
        }
        Ok(Outcome {
            database: self.options.database.name(),
            report,
            violations,
            not_reached: self.not_reached,
            acknowledgement_ms_max: evidence::slowest_acknowledgement(
                &self.system.bot.deliveries().await,
            ),
            took_ms: began.elapsed().as_millis(),
            seed: self.options.seed,
        })
    }

    /// Usage is folded in windows, so the ledger is complete a little after the last answer.
    async fn settled_ledger(&self) -> anyhow::Result<Vec<String>> {
        let deadline = Instant::now() + LEDGER_LIMIT;
        loop {
            let scratch = tempfile::NamedTempFile::new()?;
            let unused = History::create(scratch.path()).await?;
            let faults = evidence::of_ledger(&self.system, &unused).await?;
            if faults.is_empty() || Instant::now() > deadline {
                return evidence::of_ledger(&self.system, &self.history).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
