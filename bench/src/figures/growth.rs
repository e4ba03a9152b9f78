//! P10: what a message costs when there is much of everything else.

use super::bench::{Bench, percentile};
use crate::load::{Hook, Talk, converse};
use crate::options::Database;
use crate::report::{Figure, Promise};
use crate::stage::{
    AppliedTenant, Setting, Stage, Subject, copy_tenants, lay_backlog, lay_history, lay_sessions,
};
use crate::statistics::{median, real};
use anyhow::Context as _;
use std::time::Duration;

const ID: &str = "P10";
/// A ratio that counts as flat.
const FLAT: f64 = 1.25;
/// Conversations at the same time: enough to keep the process busy, few enough to see latency.
const CONVERSATIONS: usize = 8;
const FRESH_MAX: usize = 4_000;
const WARM_UP: Duration = Duration::from_secs(2);
const DRAIN_LIMIT: Duration = Duration::from_secs(300);
const UNSETTLED: &str = "SELECT count(*) FROM inbox WHERE outcome IS NULL";

/// What a message costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    cpu_ms: f64,
    p50_ms: f64,
}

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    tenants(bench).await?;
    if !bench.options.quick {
        sessions(bench).await?;
    }
    history(bench).await?;
    backlog(bench).await
}

/// One tenant, beside one among many that are registered and silent.
async fn tenants(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: i64 = bench.amount(100_000, 10_000);
    let one = Site::set(bench, CONVERSATIONS).await?;
    let mut among_many = Site::set(bench, CONVERSATIONS).await?;
    copy_tenants(&among_many.stage, &among_many.applied, many).await?;
    among_many.restart().await?;
    let talk = Talk::of(CONVERSATIONS, bench.window());
    let [last, first] = alternately(bench, [(&among_many, &talk), (&one, &talk)]).await?;
    compare(bench, &format!("{many} tenants beside 1"), last, first);
    Ok(())
}

/// A tenant's conversations in which nobody speaks any more.
async fn sessions(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: usize = 100_000;
    let few = Site::set(bench, CONVERSATIONS).await?;
    let among_many = Site::set(bench, CONVERSATIONS).await?;
    lay_sessions(&among_many.stage, &among_many.applied, many).await?;
    let talk = Talk::of(CONVERSATIONS, bench.window());
    let [last, first] = alternately(bench, [(&among_many, &talk), (&few, &talk)]).await?;
    compare(bench, &format!("{many} sessions of a tenant beside {CONVERSATIONS}"), last, first);
    Ok(())
}

/// Three states: every message opens a conversation; as many messages as a model is shown at most;
/// far more than that.
async fn history(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: i64 = bench.amount(10_000, 2_000);
    let shown = 60;
    let fresh_from = 10 * CONVERSATIONS;
    let site = Site::set(bench, fresh_from + CONVERSATIONS * FRESH_MAX).await?;
    let (short, long) = (CONVERSATIONS, 2 * CONVERSATIONS);
    lay_history(&site.stage, &site.applied, (short, CONVERSATIONS), shown).await?;
    lay_history(&site.stage, &site.applied, (long, CONVERSATIONS), many).await?;
    let talk = Talk::of(CONVERSATIONS, bench.window());
    let filled = Talk { first: short, ..talk.clone() };
    let long = Talk { first: long, ..talk.clone() };
    let [last, middle] = alternately(bench, [(&site, &long), (&site, &filled)]).await?;
    compare(bench, &format!("history of {many} beside {shown}"), last, middle);
    let fresh = Talk { first: fresh_from, fresh: Some(FRESH_MAX), ..talk };
    let [last, first] = alternately(bench, [(&site, &long), (&site, &fresh)]).await?;
    compare(bench, &format!("history of {many} beside 1"), last, first);
    Ok(())
}

/// A stage with a process and a tenant.
struct Site {
    stage: Stage,
    subject: Subject,
    applied: AppliedTenant,
    hook: Hook,
}

impl Site {
    async fn set(bench: &Bench<'_>, conversations: usize) -> anyhow::Result<Self> {
        let stage = Stage::set(&bench.binary, Database::Postgres, conversations).await?;
        let subject = stage.start(&setting()).await?;
        let applied = subject.apply().await?;
        let hook = applied.hook.clone();
        let talk = Talk::of(CONVERSATIONS, WARM_UP);
        converse(&hook, stage.outside.board(), &talk).await?;
        Ok(Self { stage, subject, applied, hook })
    }

    async fn restart(&mut self) -> anyhow::Result<()> {
        self.subject.stop().await?;
        self.subject = self.stage.start(&setting()).await?;
        self.hook = self.subject.hook(self.applied.connection);
        let talk = Talk::of(CONVERSATIONS, WARM_UP);
        converse(&self.hook, self.stage.outside.board(), &talk).await?;
        Ok(())
    }
}

/// The costs of two states, a window of each in turn, so that a machine that is busy for a while is
/// so for both.
async fn alternately(bench: &Bench<'_>, states: [(&Site, &Talk); 2]) -> anyhow::Result<[Cost; 2]> {
    let mut samples: [(Vec<f64>, Vec<f64>); 2] = Default::default();
    for repetition in 0..bench.options.repetitions() {
        for ((site, talk), (cpu, p50)) in states.into_iter().zip(&mut samples) {
            let mut talk = talk.clone();
            if let Some(most) = talk.fresh {
                // Conversations of an earlier window are not fresh any more.
                let each = most / bench.options.repetitions();
                talk.first += CONVERSATIONS * each * repetition;
                talk.fresh = Some(each);
            }
            let before = site.subject.cpu_ms()?;
            let turns = converse(&site.hook, site.stage.outside.board(), &talk).await?;
            cpu.push((site.subject.cpu_ms()? - before) / real(turns.count));
            p50.push(percentile(&turns.whole_ms, 50)?);
        }
    }
    let [last, first] =
        samples.map(|(cpu, p50)| Some(Cost { cpu_ms: median(cpu)?, p50_ms: median(p50)? }));
    Ok([last.context("nothing was measured")?, first.context("nothing was measured")?])
}

async fn backlog(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let (less, many): (u64, u64) = bench.amount((10_000, 100_000), (4_000, 20_000));
    let stage = Stage::set(&bench.binary, Database::Postgres, 1).await?;
    let subject = stage.start(&Setting::default()).await?;
    let applied = subject.apply().await?;
    let start = subject.cpu_ms()?;
    subject.end().await?;
    // The first pass only warms the server up.
    drained(&stage, &applied, less, start).await?;
    let few = drained(&stage, &applied, less, start).await?;
    let all = drained(&stage, &applied, many, start).await?;
    bench.add(
        Figure::new(ID, format!("CPU per row of a backlog of {many} beside {less}"), all, "ms")
            .beside(few)
            .promised(Promise::ratio_at_most(FLAT))
            .noted("rows that are ignored by policy, found in the store after a start"),
    );
    Ok(())
}

/// Lays a backlog down, starts the process, and returns its CPU time per row until all is settled,
/// without what a start costs by itself.
async fn drained(
    stage: &Stage,
    applied: &AppliedTenant,
    rows: u64,
    start_ms: f64,
) -> anyhow::Result<f64> {
    lay_backlog(stage, applied, rows).await?;
    let subject = stage.start(&Setting::default()).await?;
    let mut counter = stage.counter().await?;
    counter.wait_for_none(UNSETTLED, DRAIN_LIMIT).await?;
    let used = subject.cpu_ms()? - start_ms;
    subject.end().await?;
    Ok(used.max(0.0) / real(rows))
}

fn setting() -> Setting {
    Setting::for_conversations(64)
}

fn compare(bench: &mut Bench<'_>, name: &str, last: Cost, first: Cost) {
    let flat = Promise::ratio_at_most(FLAT);
    bench.add(
        Figure::new(ID, format!("CPU of a turn, {name}"), last.cpu_ms, "ms")
            .beside(first.cpu_ms)
            .promised(flat),
    );
    bench.add(
        Figure::new(ID, format!("turn p50, {name}"), last.p50_ms, "ms")
            .beside(first.p50_ms)
            .promised(flat),
    );
}
