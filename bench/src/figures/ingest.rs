//! P1: durable acknowledgements of deliveries, beside a bare handler with one group-committed insert.

use super::bench::{Bench, percentile};
use crate::ceiling::Ceiling;
use crate::load::{Hook, at_even_pace, at_full_speed};
use crate::options::{CeilingKind, Database};
use crate::report::{Figure, Promise};
use crate::stage::{Counter, Setting, Stage, Subject};
use crate::statistics::{median, real};
use anyhow::{Context as _, bail};
use std::time::Duration;

const ID: &str = "P1";
const WARM_UP: Duration = Duration::from_secs(1);
const DRAIN_LIMIT: Duration = Duration::from_secs(180);
const UNSETTLED: &str = "SELECT count(*) FROM inbox WHERE outcome IS NULL";

/// Everything that is measured against.
struct Scene {
    subject: Subject,
    hook: Hook,
    bare: Ceiling,
    settling: Ceiling,
    counter: Counter,
    connections: usize,
}

/// Medians, per second or in milliseconds.
struct Rates {
    ours: f64,
    bare: f64,
    settling: f64,
    settled: f64,
    cpu_ms: f64,
}

pub(super) async fn measure(bench: &mut Bench<'_>, database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(&bench.binary, database, 1).await?;
    let subject = stage.start(&Setting::for_conversations(bench.options.sessions)).await?;
    let hook = subject.apply().await?.hook;
    let mut scene = Scene {
        subject,
        hook,
        bare: Ceiling::start(&stage, CeilingKind::Ingest).await?,
        settling: Ceiling::start(&stage, CeilingKind::Settle).await?,
        counter: stage.counter().await?,
        connections: bench.sessions()?,
    };
    for hook in [scene.bare.hook(), scene.settling.hook(), &scene.hook] {
        at_full_speed(hook, scene.connections, WARM_UP).await?;
    }
    scene.drain().await?;
    let rates = rates(bench, &mut scene).await?;
    report(bench, database, &scene, &rates);
    paced(bench, database, &mut scene, rates.ours / 2.0).await
}

impl Scene {
    async fn drain(&mut self) -> anyhow::Result<Duration> {
        self.counter.wait_for_none(UNSETTLED, DRAIN_LIMIT).await
    }
}

async fn rates(bench: &Bench<'_>, scene: &mut Scene) -> anyhow::Result<Rates> {
    let (connections, window) = (scene.connections, bench.window());
    let mut samples: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::new());
    for _ in 0..bench.options.repetitions() {
        let bare = at_full_speed(scene.bare.hook(), connections, window).await?.per_second;
        let settling = at_full_speed(scene.settling.hook(), connections, window).await?.per_second;
        scene.drain().await?;
        let cpu = scene.subject.cpu_ms()?;
        let acks = at_full_speed(&scene.hook, connections, window).await?;
        let drained = scene.drain().await?;
        if acks.refused > 0 {
            bail!("{} deliveries were refused", acks.refused);
        }
        let count = real(u64::try_from(acks.latency_ms.len())?);
        let settled = count / (window + drained).as_secs_f64();
        let cpu_ms = (scene.subject.cpu_ms()? - cpu) / count;
        for (sample, value) in
            samples.iter_mut().zip([acks.per_second, bare, settling, settled, cpu_ms])
        {
            sample.push(value);
        }
    }
    let mut medians = samples.into_iter().map(median);
    let mut next = || medians.next().flatten().context("nothing was measured");
    Ok(Rates { ours: next()?, bare: next()?, settling: next()?, settled: next()?, cpu_ms: next()? })
}

fn report(bench: &mut Bench<'_>, database: Database, scene: &Scene, rates: &Rates) {
    let on = database.name();
    let name = format!("acks, {} connections, {on}", scene.connections);
    bench.add(
        Figure::new(ID, name, rates.ours, "/s")
            .beside(rates.bare)
            .promised(Promise::ratio_at_least(0.6))
            .noted(
                "updates that are stored and then ignored by policy; the subject settles them while \
                 it takes more, the ceiling only stores them",
            ),
    );
    bench.add(
        Figure::new(ID, format!("acks beside as much durable work, {on}"), rates.ours, "/s")
            .beside(rates.settling)
            .noted("this ceiling stores under row security and settles each row, too"),
    );
    bench.add(
        Figure::new(ID, format!("stored and settled, {on}"), rates.settled, "/s")
            .noted("from the first delivery to the last row's outcome"),
    );
    bench.add(Figure::new(ID, format!("CPU of an ignored update, {on}"), rates.cpu_ms, "ms"));
}

async fn paced(
    bench: &mut Bench<'_>,
    database: Database,
    scene: &mut Scene,
    per_second: f64,
) -> anyhow::Result<()> {
    let (connections, window) = (scene.connections, bench.window());
    let ours = at_even_pace(&scene.hook, connections, per_second, window).await?;
    scene.drain().await?;
    let bare = at_even_pace(scene.bare.hook(), connections, per_second, window).await?;
    for percent in [50, 99] {
        let name = format!("ack p{percent} at half of that, {}", database.name());
        let figure = Figure::new(ID, name, percentile(&ours.latency_ms, percent)?, "ms")
            .beside(percentile(&bare.latency_ms, percent)?);
        bench.add(match percent {
            99 => figure.promised(Promise::value_at_most(100.0)),
            _ => figure,
        });
    }
    Ok(())
}
