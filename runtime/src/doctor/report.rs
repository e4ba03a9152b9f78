//! What was found, for people and for programs.

use std::fmt::Write;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is well.
    Ok,
    /// It works, and something should be known.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// How it ended.
    pub state: State,
    /// What was found. Never a secret.
    pub detail: String,
    /// What is to be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Check {
    /// All is well.
    pub fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self::new(name, State::Ok, detail.into(), None)
    }

    /// Something should be known.
    pub fn warning(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(name, State::Warning, detail.into(), Some(fix.into()))
    }

    /// It does not work.
    pub fn failed(name: &str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(name, State::Failed, detail.into(), Some(fix.into()))
    }

    fn new(name: &str, state: State, detail: String, fix: Option<String>) -> Self {
        Self { name: name.to_owned(), state, detail, fix: fix.filter(|fix| !fix.is_empty()) }
    }
}

/// All checks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Whether none failed.
    pub ok: bool,
    /// Each.
    pub checks: Vec<Check>,
}

impl Report {
    /// Of checks.
    pub fn of(checks: Vec<Check>) -> Self {
        Self { ok: checks.iter().all(|check| check.state != State::Failed), checks }
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let width = self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
        let mut table = String::new();
        for check in &self.checks {
            let mark = match check.state {
                State::Ok => "ok  ",
                State::Warning => "note",
                State::Failed => "FAIL",
            };
            let _infallible = writeln!(table, "{mark}  {:width$}  {}", check.name, check.detail);
            if let Some(fix) = &check.fix {
                let _infallible = writeln!(table, "      {:width$}  → {fix}", "");
            }
        }
        table.push_str(if self.ok {
            "all is well"
        } else {
            "something does not work: see FAIL above"
        });
        table
    }
}
