//! What a check found, and how it is told.

use std::fmt;
use std::io::{self, Write};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the check passes.
    Warning,
    /// The check fails.
    Error,
}

/// One thing that is not as the house rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A file, a file with a line, or a crate.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl Finding {
    /// A finding that fails the check.
    pub fn error(
        place: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            place: place.into(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    /// A finding that is only shown.
    pub fn warning(
        place: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, problem, fix) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(formatter, "{severity}: {}: {}; {}", self.place, self.problem, self.fix)
    }
}

/// Prints the findings of a check with a closing line, and returns whether it passed.
///
/// Errors: standard output cannot be written.
pub fn report(check: &str, findings: &[Finding]) -> io::Result<bool> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let mut output = io::stdout().lock();
    for finding in findings {
        writeln!(output, "{finding}")?;
    }
    let warnings = findings.len() - errors;
    let verdict = if errors == 0 { "ok" } else { "FAILED" };
    writeln!(output, "{check}: {verdict}, {errors} errors, {warnings} warnings")?;
    Ok(errors == 0)
}
