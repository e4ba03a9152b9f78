//! One measured figure, and all of them.

use crate::machine::Machine;
use serde::Serialize;

/// What a promise is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Judged {
    /// The value itself.
    Value,
    /// Value ÷ ceiling.
    Ratio,
}

/// A bound that is promised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Promise {
    /// Of what.
    pub of: Judged,
    /// At least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// At most this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Promise {
    /// The value stays at or below a bound.
    pub const fn value_at_most(bound: f64) -> Self {
        Self { of: Judged::Value, at_least: None, at_most: Some(bound) }
    }

    /// The ratio to the ceiling stays at or above a bound.
    pub const fn ratio_at_least(bound: f64) -> Self {
        Self { of: Judged::Ratio, at_least: Some(bound), at_most: None }
    }

    /// Value ÷ ceiling stays at or below a bound.
    pub const fn ratio_at_most(bound: f64) -> Self {
        Self { of: Judged::Ratio, at_least: None, at_most: Some(bound) }
    }

    fn is_kept(&self, number: f64) -> bool {
        self.at_least.is_none_or(|bound| number >= bound)
            && self.at_most.is_none_or(|bound| number <= bound)
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The promise's name: `P1`.
    pub id: &'static str,
    /// What was measured, under which conditions.
    pub name: String,
    /// What came out.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// The same of the ceiling, or of the state that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<f64>,
    /// Value ÷ ceiling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// What is promised, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// Whether it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
    /// How to read it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Figure {
    /// A figure without ceiling and promise.
    pub fn new(id: &'static str, name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            id,
            name: name.into(),
            value,
            unit,
            ceiling: None,
            ratio: None,
            promise: None,
            met: None,
            note: String::new(),
        }
    }

    /// Beside a ceiling.
    #[must_use]
    pub fn beside(mut self, ceiling: f64) -> Self {
        self.ceiling = Some(ceiling);
        self.ratio = (ceiling != 0.0).then(|| self.value / ceiling);
        self.judge()
    }

    /// Under a promise.
    #[must_use]
    pub fn promised(mut self, promise: Promise) -> Self {
        self.promise = Some(promise);
        self.judge()
    }

    /// With a word on how to read it.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn judge(mut self) -> Self {
        self.met = self.promise.and_then(|promise| {
            let number = match promise.of {
                Judged::Value => Some(self.value),
                Judged::Ratio => self.ratio,
            };
            number.map(|number| promise.is_kept(number))
        });
        self
    }
}

/// A whole run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// On what it ran.
    pub machine: Machine,
    /// Short windows and single repetitions: not to be quoted.
    pub quick: bool,
    /// What was measured, in order.
    pub figures: Vec<Figure>,
    /// Groups that could not be measured, and why.
    pub failures: Vec<String>,
}
