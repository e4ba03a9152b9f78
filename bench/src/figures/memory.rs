//! P5: resident memory, idle and per tenant, and how fast a hibernated tenant wakes.

use super::bench::{Bench, percentile};
use crate::load::{Connection, turn};
use crate::options::Database;
use crate::outside::ignored_update;
use crate::report::{Figure, Promise};
use crate::stage::{Fleet, Setting, Stage, Subject};
use crate::statistics::{Sample, millis, real, real_len};
use anyhow::bail;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const ID: &str = "P5";
/// After a start or a wave, before memory is read.
const REST: Duration = Duration::from_secs(3);
const SLEEP_LIMIT: Duration = Duration::from_secs(120);
const OWNED: &str = "SELECT count(*) FROM ownership WHERE owner IS NOT NULL";
/// Tenants that are woken again, one after the other.
const WOKEN: usize = 200;
const TURNS_TO_WARM_UP: usize = 20;

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let tenants: usize = bench.amount(1_000, 300);
    let stage = Stage::set(&bench.binary, Database::Sqlite, tenants).await?;
    let fleet = Fleet::make(&stage, tenants).await?;
    let idle_stage = Stage::set(&bench.binary, Database::Sqlite, 1).await?;
    let idle = idle_stage.start(&Setting::default()).await?;
    sleep(REST).await;
    bench.add(
        Figure::new(ID, "idle process, every adapter linked", mib(&idle)?, "MiB")
            .promised(Promise::value_at_most(40_000_000.0 / 1_048_576.0))
            .noted("embedded default, three seconds after its start; 40 MB are 38.1 MiB"),
    );
    idle.end().await?;
    let setting = Setting::for_conversations(bench.options.sessions)
        .limit("hibernate_after", format!("\"{}s\"", bench.amount(30, 15)))
        .limit("directory_lifetime", "\"1h\"");
    // The same twice: with channel actors that stay, and with channel actors that stop at once.
    forget_work(&stage).await?;
    let without = stage.start(&setting.clone().limit("channel_idle_after", "\"1ms\"")).await?;
    let bare = grow(&stage, &without, &fleet).await?;
    without.end().await?;
    forget_work(&stage).await?;
    let subject = stage.start(&setting.limit("channel_idle_after", "\"1h\"")).await?;
    let grown = grow(&stage, &subject, &fleet).await?;
    let count = real_len(tenants - 1);
    let each = |more: u64, less: u64| real(more.saturating_sub(less)) * 1.024 / count;
    bench.add(
        Figure::new(ID, "a live idle overseer", each(grown.overseers, grown.idle), "KB")
            .promised(Promise::value_at_most(20.0))
            .noted(format!(
                "{tenants} tenants, with their open connection and cached configuration"
            )),
    );
    bench.add(
        Figure::new(ID, "an overseer that had a turn", each(bare.turns, bare.idle), "KB")
            .noted("the same with a session in memory, and what the allocator keeps of the turns"),
    );
    let (with, without) = (grown.turns - grown.idle, bare.turns - bare.idle);
    bench.add(
        Figure::new(ID, "a resident channel actor", each(with, without), "KB")
            .promised(Promise::value_at_most(15.0))
            .noted("the same turns in two processes, of which one keeps its channel actors"),
    );
    let mut counter = stage.counter().await?;
    counter.wait_for_none(OWNED, SLEEP_LIMIT).await?;
    sleep(REST).await;
    let asleep = subject.anonymous_kib()?;
    bench.add(Figure::new(ID, "a hibernated tenant", each(asleep, grown.idle), "KB").noted(
        "what stays resident after all have hibernated: caches with a limit of their own, and \
             pages that the allocator keeps",
    ));
    wake_up(bench, &stage, &subject, &fleet).await
}

/// Tenants that were just made, or left in a hurry, are marked as having work: a start would wake
/// all of them before anything is measured.
async fn forget_work(stage: &Stage) -> anyhow::Result<()> {
    stage.counter().await?.change("DELETE FROM wake").await
}

/// Anonymous resident memory as tenants wake, in KiB.
#[derive(Debug)]
struct Growth {
    /// Warm, one tenant awake.
    idle: u64,
    /// All overseers live.
    overseers: u64,
    /// After a turn of each.
    turns: u64,
}

async fn grow(stage: &Stage, subject: &Subject, fleet: &Fleet) -> anyhow::Result<Growth> {
    warm_up(stage, subject, fleet).await?;
    sleep(REST).await;
    let idle = subject.anonymous_kib()?;
    wake_all(subject, fleet).await?;
    sleep(REST).await;
    let overseers = subject.anonymous_kib()?;
    turns_of_all(stage, subject, fleet).await?;
    sleep(REST).await;
    let turns = subject.anonymous_kib()?;
    if turns < idle {
        bail!("memory shrank from {idle} KiB to {turns} KiB while tenants woke");
    }
    Ok(Growth { idle, overseers, turns })
}

fn mib(subject: &Subject) -> anyhow::Result<f64> {
    Ok(real(subject.resident_kib()?) / 1_024.0)
}

/// Code and pools are touched once, by the first tenant, before anything is counted.
async fn warm_up(stage: &Stage, subject: &Subject, fleet: &Fleet) -> anyhow::Result<()> {
    let Some(first) = fleet.members.first() else {
        bail!("a fleet without tenants");
    };
    let hook = subject.hook(first.connection);
    let mut connection = Connection::to(&hook.base).await?;
    for _ in 0..TURNS_TO_WARM_UP {
        turn(&hook, stage.outside.board(), &mut connection, 0).await?;
    }
    Ok(())
}

/// One update for each tenant that is stored and ignored: its overseer starts, and nothing else.
async fn wake_all(subject: &Subject, fleet: &Fleet) -> anyhow::Result<()> {
    let Some(first) = fleet.members.first() else {
        bail!("a fleet without tenants");
    };
    let mut connection = Connection::to(&subject.hook(first.connection).base).await?;
    for member in &fleet.members {
        let hook = subject.hook(member.connection);
        let update = ignored_update(hook.next_update());
        let response = connection.post(&hook.path, &hook.headers, &update).await?;
        if response.status != 200 {
            bail!("a delivery was answered with {}", response.status);
        }
    }
    Ok(())
}

async fn turns_of_all(stage: &Stage, subject: &Subject, fleet: &Fleet) -> anyhow::Result<()> {
    let Some(first) = fleet.members.first() else {
        bail!("a fleet without tenants");
    };
    let mut connection = Connection::to(&subject.hook(first.connection).base).await?;
    for (number, member) in fleet.members.iter().enumerate() {
        let hook = subject.hook(member.connection);
        turn(&hook, stage.outside.board(), &mut connection, number).await?;
    }
    Ok(())
}

async fn wake_up(
    bench: &mut Bench<'_>,
    stage: &Stage,
    subject: &Subject,
    fleet: &Fleet,
) -> anyhow::Result<()> {
    let (mut whole, mut awake) = (Vec::new(), Vec::new());
    for (number, member) in fleet.members.iter().enumerate().take(WOKEN) {
        let hook = subject.hook(member.connection);
        let mut connection = Connection::to(&hook.base).await?;
        let began = Instant::now();
        turn(&hook, stage.outside.board(), &mut connection, number).await?;
        whole.push(millis(began.elapsed()));
        let times = turn(&hook, stage.outside.board(), &mut connection, number).await?;
        awake.push(times.whole);
    }
    let (whole, awake) = (Sample::of(whole), Sample::of(awake));
    bench.add(
        Figure::new(ID, "wake-up of a hibernated tenant, p99", percentile(&whole, 99)?, "ms")
            .beside(percentile(&awake, 99)?)
            .promised(Promise::value_at_most(50.0))
            .noted(
                "webhook in to platform call out with a model that takes no time; beside it the \
                    same while awake",
            ),
    );
    bench.add(
        Figure::new(ID, "wake-up of a hibernated tenant, p50", percentile(&whole, 50)?, "ms")
            .beside(percentile(&awake, 50)?),
    );
    Ok(())
}
