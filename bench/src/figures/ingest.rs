//! P1: durable acknowledgements of deliveries, beside a bare handler with one group-committed insert.

use super::bench::{Bench, percentile};
use crate::ceiling::Ceiling;
use crate::load::{at_even_pace, at_full_speed};
use crate::options::{CeilingKind, Database};
use crate::report::{Figure, Promise};
use crate::stage::{Setting, Stage};
use crate::statistics::{median, real};
use anyhow::Context as _;
use std::time::Duration;

const ID: &str = "P1";
const WARM_UP: Duration = Duration::from_secs(1);
const DRAIN_LIMIT: Duration = Duration::from_secs(180);
const UNSETTLED: &str = "SELECT count(*) FROM inbox WHERE outcome IS NULL";
const NOTE: &str = "updates that are stored and then ignored by policy; the subject settles them \
    while it takes more, the ceiling only stores them";

pub(super) async fn measure(bench: &mut Bench<'_>, database: Database) -> anyhow::Result<()> {
    let connections = bench.sessions()?;
    let stage = Stage::set(&bench.binary, database, 1).await?;
    let subject = stage.start(&Setting::for_conversations(bench.options.sessions)).await?;
    let hook = subject.apply().await?.hook;
    let ceiling = Ceiling::start(&stage, CeilingKind::Ingest).await?;
    let mut counter = stage.counter().await?;
    at_full_speed(ceiling.hook(), connections, WARM_UP).await?;
    at_full_speed(&hook, connections, WARM_UP).await?;
    counter.wait_for_none(UNSETTLED, DRAIN_LIMIT).await?;
    let (mut ours, mut theirs, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.repetitions() {
        theirs.push(at_full_speed(ceiling.hook(), connections, bench.window()).await?.per_second);
        let cpu = subject.cpu_ms()?;
        let acks = at_full_speed(&hook, connections, bench.window()).await?;
        let drained = counter.wait_for_none(UNSETTLED, DRAIN_LIMIT).await?;
        let count = real(u64::try_from(acks.latency_ms.len())?);
        settled.push((
            count / (bench.window() + drained).as_secs_f64(),
            (subject.cpu_ms()? - cpu) / count,
        ));
        if acks.refused > 0 {
            anyhow::bail!("{} deliveries were refused", acks.refused);
        }
        ours.push(acks.per_second);
    }
    let ours = median(ours).context("nothing was measured")?;
    let theirs = median(theirs).context("nothing was measured")?;
    let on = database.name();
    bench.add(
        Figure::new(ID, format!("acks, {connections} connections, {on}"), ours, "/s")
            .beside(theirs)
            .promised(Promise::ratio_at_least(0.6))
            .noted(NOTE),
    );
    let rate = median(settled.iter().map(|(rate, _)| *rate)).context("nothing was settled")?;
    let cpu = median(settled.iter().map(|(_, cpu)| *cpu)).context("nothing was settled")?;
    bench.add(
        Figure::new(ID, format!("stored and settled, {on}"), rate, "/s")
            .noted("from the first delivery to the last row's outcome"),
    );
    bench.add(Figure::new(ID, format!("CPU of an ignored update, {on}"), cpu, "ms"));
    let paced = at_even_pace(&hook, connections, ours / 2.0, bench.window()).await?;
    counter.wait_for_none(UNSETTLED, DRAIN_LIMIT).await?;
    let bare = at_even_pace(ceiling.hook(), connections, ours / 2.0, bench.window()).await?;
    bench.add(
        Figure::new(
            ID,
            format!("ack p50 at half of that, {on}"),
            percentile(&paced.latency_ms, 50)?,
            "ms",
        )
        .beside(percentile(&bare.latency_ms, 50)?),
    );
    bench.add(
        Figure::new(
            ID,
            format!("ack p99 at half of that, {on}"),
            percentile(&paced.latency_ms, 99)?,
            "ms",
        )
        .beside(percentile(&bare.latency_ms, 99)?)
        .promised(Promise::value_at_most(100.0)),
    );
    Ok(())
}
