//! P2 and the CPU part of P11: durable turns, beside a bare program that makes the same statements
//! and the same two calls.

use super::bench::{Bench, percentile};
use crate::ceiling::Ceiling;
use crate::load::{Hook, Talk, Turns, converse};
use crate::options::{CeilingKind, Database};
use crate::report::{Figure, Promise};
use crate::stage::{Counter, Setting, Stage, Subject};
use crate::statistics::{median, real};
use anyhow::Context as _;
use std::time::Duration;

const ID: &str = "P2";
const COST: &str = "P11";
const WARM_UP: Duration = Duration::from_secs(2);
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
/// What is under way: nothing of it may be left when a window's CPU time is read.
const UNDER_WAY: &str = "SELECT (SELECT count(*) FROM inbox WHERE outcome IS NULL) \
    + (SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')) \
    + (SELECT count(*) FROM usage_events WHERE NOT folded)";
const STATEMENTS: &str = "rookery_store_statements_total";

/// What one process did and what it cost.
struct Measured {
    turns: Turns,
    cpu_ms: f64,
}

pub(super) async fn measure(bench: &mut Bench<'_>, database: Database) -> anyhow::Result<()> {
    let sessions = bench.sessions()?;
    let stage = Stage::set(&bench.binary, database, sessions).await?;
    let subject = stage.start(&Setting::for_conversations(bench.options.sessions)).await?;
    let applied = subject.apply().await?;
    let ceiling = Ceiling::start(&stage, CeilingKind::Turns).await?;
    let mut counter = OnSubject { counter: stage.counter().await?, tenant: applied.tenant };
    converse(ceiling.hook(), stage.outside.board(), &Talk::of(sessions, WARM_UP)).await?;
    converse(&applied.hook, stage.outside.board(), &Talk::of(sessions, WARM_UP)).await?;
    let rounds: &[usize] = if bench.options.quick { &[sessions] } else { &[sessions, 1] };
    for conversations in rounds.iter().copied() {
        let (mut ours, mut theirs, mut statements) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.options.repetitions() {
            counter.settle().await?;
            theirs.push(bare(bench, &stage, &ceiling, conversations).await?);
            let before = subject.metric(STATEMENTS).await?;
            let measured =
                subjected(bench, &stage, (&subject, &applied.hook), conversations, &mut counter)
                    .await?;
            let made = subject.metric(STATEMENTS).await? - before;
            statements.push(made / real(measured.turns.count));
            ours.push(measured);
        }
        report(bench, database, conversations, (&ours, &theirs))?;
        if database == Database::Postgres {
            let made = median(statements).context("nothing was measured")?;
            bench.add(
                Figure::new(
                    COST,
                    format!("statements of the writers per turn, {conversations} sessions"),
                    made,
                    "",
                )
                .noted("as the process counts them; the server's own count is beside them"),
            );
        }
    }
    counter.verify(stage.outside.board().calls()).await
}

async fn bare(
    bench: &Bench<'_>,
    stage: &Stage,
    ceiling: &Ceiling,
    conversations: usize,
) -> anyhow::Result<Measured> {
    let cpu = ceiling.cpu_ms()?;
    let talk = Talk::of(conversations, bench.window());
    let turns = converse(ceiling.hook(), stage.outside.board(), &talk).await?;
    let cpu_ms = (ceiling.cpu_ms()? - cpu) / real(turns.count);
    Ok(Measured { turns, cpu_ms })
}

async fn subjected(
    bench: &Bench<'_>,
    stage: &Stage,
    (subject, hook): (&Subject, &Hook),
    conversations: usize,
    counter: &mut OnSubject,
) -> anyhow::Result<Measured> {
    let cpu = subject.cpu_ms()?;
    let talk = Talk::of(conversations, bench.window());
    let turns = converse(hook, stage.outside.board(), &talk).await?;
    counter.settle().await?;
    let cpu_ms = (subject.cpu_ms()? - cpu) / real(turns.count);
    Ok(Measured { turns, cpu_ms })
}

fn report(
    bench: &mut Bench<'_>,
    database: Database,
    conversations: usize,
    (ours, theirs): (&[Measured], &[Measured]),
) -> anyhow::Result<()> {
    let on = format!("{conversations} sessions, {}", database.name());
    let middle = |measured: &[Measured], value: fn(&Measured) -> f64| {
        median(measured.iter().map(value)).context("nothing was measured")
    };
    let rate = |measured: &Measured| measured.turns.per_second;
    let cpu = |measured: &Measured| measured.cpu_ms;
    let mut figure = Figure::new(ID, format!("turns, {on}"), middle(ours, rate)?, "/s")
        .beside(middle(theirs, rate)?);
    if conversations > 1 {
        figure = figure.promised(Promise::ratio_at_least(0.5));
    }
    bench.add(figure);
    let last = ours.last().context("nothing was measured")?;
    let bare = theirs.last().context("nothing was measured")?;
    for percent in [50, 99] {
        bench.add(
            Figure::new(
                ID,
                format!("turn p{percent}, {on}"),
                percentile(&last.turns.whole_ms, percent)?,
                "ms",
            )
            .beside(percentile(&bare.turns.whole_ms, percent)?),
        );
    }
    let mut figure = Figure::new(COST, format!("CPU of a turn, {on}"), middle(ours, cpu)?, "ms")
        .beside(middle(theirs, cpu)?)
        .noted("user and system time of our process, usage folded; the ceiling folds none");
    if database == Database::Postgres {
        figure = figure.promised(Promise::value_at_most(1.5));
    }
    bench.add(figure);
    Ok(())
}

/// Counts of the subject's tenant only: the ceiling's rows may be beside it.
struct OnSubject {
    counter: Counter,
    tenant: rookery_domain::id::TenantId,
}

impl OnSubject {
    fn own(&self, query: &str) -> String {
        let tenant = self.tenant.as_uuid();
        let literal = match self.counter {
            Counter::Postgres(_) => format!("'{tenant}'"),
            Counter::Sqlite(_) => format!("x'{}'", tenant.simple()),
        };
        query.replace("WHERE ", &format!("WHERE tenant_id = {literal} AND "))
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        let query = self.own(UNDER_WAY);
        self.counter.wait_for_none(&query, DRAIN_LIMIT).await?;
        Ok(())
    }

    /// What was measured really happened: every reply is recorded as sent, once.
    async fn verify(&mut self, calls: u64) -> anyhow::Result<()> {
        let sent = self.own("SELECT count(*) FROM outbox WHERE status = 'sent'");
        let other = self.own("SELECT count(*) FROM outbox WHERE status <> 'sent'");
        let sent = self.counter.count(&sent).await?;
        let other = self.counter.count(&other).await?;
        if other != 0 || u64::try_from(sent)? > calls {
            anyhow::bail!("{sent} replies sent, {other} in another state, {calls} calls");
        }
        Ok(())
    }
}
