//! P6: from start to ready.

use super::bench::Bench;
use crate::options::Database;
use crate::report::{Figure, Promise};
use crate::stage::{Setting, Stage, lay_sessions};
use crate::statistics::{median, millis};
use anyhow::Context as _;

const ID: &str = "P6";
const SESSIONS: usize = 10_000;
const STARTS: usize = 5;

pub(super) async fn measure(bench: &mut Bench<'_>, database: Database) -> anyhow::Result<()> {
    match database {
        Database::Sqlite => embedded(bench).await,
        Database::Postgres => with_sessions(bench).await,
    }
}

async fn embedded(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let stage = Stage::set(&bench.binary, Database::Sqlite, 1).await?;
    let first = stage.start(&Setting::default()).await?;
    let fresh = millis(first.ready_after());
    first.end().await?;
    let again = starts(&stage).await?;
    bench.add(
        Figure::new(ID, "second start, embedded default", again, "ms")
            .promised(Promise::value_at_most(300.0))
            .noted(format!("from exec to run.json, to 10 ms; the first start took {fresh:.0} ms")),
    );
    Ok(())
}

async fn with_sessions(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let stage = Stage::set(&bench.binary, Database::Postgres, 1).await?;
    let first = stage.start(&Setting::default()).await?;
    let applied = first.apply().await?;
    first.end().await?;
    lay_sessions(&stage, &applied, SESSIONS).await?;
    let again = starts(&stage).await?;
    bench.add(
        Figure::new(ID, "start with 10,000 sessions, PostgreSQL", again, "ms")
            .promised(Promise::value_at_most(3_000.0)),
    );
    Ok(())
}

async fn starts(stage: &Stage) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let subject = stage.start(&Setting::default()).await?;
        times.push(millis(subject.ready_after()));
        subject.end().await?;
    }
    median(times).context("nothing was started")
}
