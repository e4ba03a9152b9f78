//! P3: what we add to the model's own time.

use super::bench::{Bench, percentile};
use crate::ceiling::Ceiling;
use crate::load::{Talk, converse, first_words};
use crate::options::{CeilingKind, Database};
use crate::outside::ModelPace;
use crate::report::{Figure, Promise};
use crate::stage::{Setting, Stage};
use std::time::Duration;

const ID: &str = "P3";
/// The model's own time.
const MODEL: Duration = Duration::from_millis(500);
/// A conversation has no more than two turns in a second: a sample needs longer than a window.
const LONGER: u32 = 2;

pub(super) async fn measure(bench: &mut Bench<'_>, database: Database) -> anyhow::Result<()> {
    let sessions = bench.sessions()?;
    let stage = Stage::set(&bench.binary, database, sessions).await?;
    let subject = stage.start(&Setting::for_conversations(bench.options.sessions)).await?;
    let applied = subject.apply().await?;
    let board = stage.outside.board();
    let ceiling = Ceiling::start(&stage, CeilingKind::Turns).await?;
    for hook in [&applied.hook, ceiling.hook()] {
        converse(hook, board, &Talk::of(sessions, Duration::from_secs(1))).await?;
    }
    stage.outside.pace(ModelPace { first_words: MODEL, rest: Duration::ZERO });
    for conversations in [1, sessions] {
        let on = format!("{conversations} sessions, {}", database.name());
        let window = bench.window() * LONGER;
        let talk = Talk { spread: MODEL, ..Talk::of(conversations, window) };
        let bare = converse(ceiling.hook(), board, &talk).await?;
        let turns = converse(&applied.hook, board, &talk).await?;
        for (percent, bound) in [(50, 5.0), (99, 25.0)] {
            let name = format!("added to a turn, p{percent}, {on}");
            let value = percentile(&turns.overhead_ms, percent)?;
            bench.add(
                Figure::new(ID, name, value, "ms")
                    .beside(percentile(&bare.overhead_ms, percent)?)
                    .promised(Promise::value_at_most(bound))
                    .noted(format!(
                        "webhook in to platform call out without the model's {} ms; {} turns",
                        MODEL.as_millis(),
                        turns.count
                    )),
            );
        }
        let words = first_words(&applied.api, board, conversations, window).await?;
        let name = format!("added before the first words, p95, {on}");
        bench.add(
            Figure::new(ID, name, percentile(&words, 95)?, "ms")
                .promised(Promise::value_at_most(5.0))
                .noted(format!(
                    "message in to first event at the client; p50 {:.2} ms; {} runs",
                    percentile(&words, 50)?,
                    words.len()
                )),
        );
    }
    Ok(())
}
