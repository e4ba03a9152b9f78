//! What every group works with.

use crate::options::Options;
use crate::progress;
use crate::report::Figure;
use crate::statistics::Sample;
use anyhow::Context as _;
use std::path::PathBuf;
use std::time::Duration;

/// A run under way.
#[derive(Debug)]
pub struct Bench<'o> {
    /// What was asked for.
    pub options: &'o Options,
    /// The binary under test.
    pub binary: PathBuf,
    /// What came out so far.
    pub figures: Vec<Figure>,
}

impl Bench<'_> {
    /// Keeps a figure and says it.
    pub fn add(&mut self, figure: Figure) {
        let met = match figure.met {
            Some(true) => ", kept",
            Some(false) => ", MISSED",
            None => "",
        };
        let ratio = figure.ratio.map(|ratio| format!(", ratio {ratio:.2}")).unwrap_or_default();
        progress::say(&format!(
            "{} {}: {:.2} {}{ratio}{met}",
            figure.id, figure.name, figure.value, figure.unit
        ));
        self.figures.push(figure);
    }

    /// Conversations at the same time.
    pub fn sessions(&self) -> anyhow::Result<usize> {
        Ok(usize::try_from(self.options.sessions)?)
    }

    /// Length of one measured window.
    pub fn window(&self) -> Duration {
        self.options.window()
    }

    /// An amount for a whole run, or the smaller one for a quick look.
    pub const fn amount<T: Copy>(&self, whole: T, quick: T) -> T {
        if self.options.quick { quick } else { whole }
    }
}

/// A percentile that must be there.
pub(super) fn percentile(sample: &Sample, percent: usize) -> anyhow::Result<f64> {
    sample.percentile(percent).context("nothing was measured")
}
