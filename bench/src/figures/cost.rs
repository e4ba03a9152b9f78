//! The statements part of P11: what the server counts, beside what the process counts.

use super::bench::Bench;
use crate::load::{Talk, converse};
use crate::options::Database;
use crate::report::{Figure, Promise};
use crate::stage::{Setting, Stage};
use crate::statistics::real;
use std::time::Duration;

const ID: &str = "P11";
const WARM_UP: Duration = Duration::from_secs(1);
const STATEMENTS: &str = "rookery_store_statements_total";
/// The superuser's own statements are not counted.
const COUNTED: &str = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements \
    WHERE userid = (SELECT oid FROM pg_roles WHERE rolname = 'rookery_app')";
const SHOWN: &str = "SELECT calls || '  ' || left(regexp_replace(query, '\\s+', ' ', 'g'), 90) \
    FROM pg_stat_statements WHERE userid = (SELECT oid FROM pg_roles \
    WHERE rolname = 'rookery_app') ORDER BY calls DESC LIMIT 12";

pub(super) async fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let sessions = bench.sessions()?;
    let stage = Stage::set(&bench.binary, Database::Postgres, sessions).await?;
    stage.server()?.query("CREATE EXTENSION pg_stat_statements").await?;
    let subject = stage.start(&Setting::for_conversations(bench.options.sessions)).await?;
    let applied = subject.apply().await?;
    converse(&applied.hook, stage.outside.board(), &Talk::of(sessions, WARM_UP)).await?;
    let mut counter = stage.counter().await?;
    for conversations in [1, sessions] {
        stage.server()?.query("SELECT pg_stat_statements_reset()").await?;
        let metric = subject.metric(STATEMENTS).await?;
        let talk = Talk::of(conversations, bench.window());
        let turns = converse(&applied.hook, stage.outside.board(), &talk).await?;
        let made = real(u64::try_from(counter.count(COUNTED).await?)?) / real(turns.count);
        let own = (subject.metric(STATEMENTS).await? - metric) / real(turns.count);
        crate::progress::say(&format!(
            "the statements most often made:\n{}",
            stage.server()?.query(SHOWN).await?
        ));
        bench.add(
            Figure::new(ID, format!("statements per turn, {conversations} sessions"), made, "")
                .promised(Promise::value_at_most(14.0))
                .noted(format!(
                    "as the server counts them, BEGIN, COMMIT, look-ups and folding included; the \
                     process counts {own:.1} of its writers"
                )),
        );
    }
    Ok(())
}
