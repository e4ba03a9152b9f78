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
    sessions(bench).await?;
    history(bench).await?;
    backlog(bench).await
}

async fn tenants(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: i64 = bench.amount(100_000, 10_000);
    let stage = Stage::set(&bench.binary, Database::Postgres, CONVERSATIONS).await?;
    let subject = stage.start(&setting()).await?;
    let applied = subject.apply().await?;
    let talk = Talk::of(CONVERSATIONS, bench.window());
    converse(&applied.hook, stage.outside.board(), &Talk { window: WARM_UP, ..talk.clone() })
        .await?;
    let one = cost(bench, &stage, (&subject, &applied.hook), &talk).await?;
    subject.end().await?;
    copy_tenants(&stage, &applied, many).await?;
    let subject = stage.start(&setting()).await?;
    let hook = subject.hook(applied.connection);
    converse(&hook, stage.outside.board(), &Talk { window: WARM_UP, ..talk.clone() }).await?;
    let among_many = cost(bench, &stage, (&subject, &hook), &talk).await?;
    compare(bench, &format!("{many} tenants beside 1"), among_many, one);
    Ok(())
}

/// Conversations of one tenant in which nobody speaks any more.
async fn sessions(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: usize = bench.amount(100_000, 10_000);
    let stage = Stage::set(&bench.binary, Database::Postgres, CONVERSATIONS).await?;
    let subject = stage.start(&setting()).await?;
    let applied = subject.apply().await?;
    let talk = Talk::of(CONVERSATIONS, bench.window());
    converse(&applied.hook, stage.outside.board(), &Talk { window: WARM_UP, ..talk.clone() })
        .await?;
    let few = cost(bench, &stage, (&subject, &applied.hook), &talk).await?;
    lay_sessions(&stage, &applied, many).await?;
    let among_many = cost(bench, &stage, (&subject, &applied.hook), &talk).await?;
    compare(bench, &format!("{many} sessions of a tenant beside {CONVERSATIONS}"), among_many, few);
    Ok(())
}

/// Three states: every message opens a conversation; as many messages as a model is shown at most;
/// far more than that.
async fn history(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let many: i64 = bench.amount(10_000, 2_000);
    let window_messages = 60;
    let fresh_from = 10 * CONVERSATIONS;
    let stage =
        Stage::set(&bench.binary, Database::Postgres, fresh_from + CONVERSATIONS * FRESH_MAX)
            .await?;
    let subject = stage.start(&setting()).await?;
    let applied = subject.apply().await?;
    subject.end().await?;
    let (short, long) = (CONVERSATIONS, 2 * CONVERSATIONS);
    lay_history(&stage, &applied, (short, CONVERSATIONS), window_messages).await?;
    lay_history(&stage, &applied, (long, CONVERSATIONS), many).await?;
    let subject = stage.start(&setting()).await?;
    let hook = subject.hook(applied.connection);
    let talk = Talk::of(CONVERSATIONS, bench.window());
    converse(&hook, stage.outside.board(), &Talk { window: WARM_UP, ..talk.clone() }).await?;
    let fresh = Talk { first: fresh_from, fresh: Some(FRESH_MAX), ..talk.clone() };
    let fresh = cost(bench, &stage, (&subject, &hook), &fresh).await?;
    let filled = Talk { first: short, ..talk.clone() };
    let filled = cost(bench, &stage, (&subject, &hook), &filled).await?;
    let long = Talk { first: long, ..talk };
    let long = cost(bench, &stage, (&subject, &hook), &long).await?;
    compare(bench, &format!("history of {many} beside 60"), long, filled);
    compare(bench, &format!("history of {many} beside 1"), long, fresh);
    Ok(())
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

async fn cost(
    bench: &Bench<'_>,
    stage: &Stage,
    (subject, hook): (&Subject, &Hook),
    talk: &Talk,
) -> anyhow::Result<Cost> {
    let (mut cpu, mut p50) = (Vec::new(), Vec::new());
    let repetitions = if talk.fresh.is_some() { 1 } else { bench.options.repetitions() };
    for _ in 0..repetitions {
        let before = subject.cpu_ms()?;
        let turns = converse(hook, stage.outside.board(), talk).await?;
        cpu.push((subject.cpu_ms()? - before) / real(turns.count));
        p50.push(percentile(&turns.whole_ms, 50)?);
    }
    Ok(Cost {
        cpu_ms: median(cpu).context("nothing was measured")?,
        p50_ms: median(p50).context("nothing was measured")?,
    })
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
