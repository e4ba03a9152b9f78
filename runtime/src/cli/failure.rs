//! How a command ends when it does not succeed.

use crate::output;
use rookery_control::{ControlError, Faults};
use std::process::ExitCode;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// What was given is wrong: exit code 2, one line per fault.
    Given(Faults),
    /// It failed: exit code 1, one line.
    Failed(anyhow::Error),
}

impl Failure {
    /// It failed.
    pub fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::Failed(error.into())
    }

    /// Says so on standard error.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Self::Given(faults) => {
                output::problem(&faults.to_string());
                ExitCode::from(2)
            }
            Self::Failed(error) => {
                output::problem(&format!("rookery: {}", on_one_line(&error)));
                ExitCode::FAILURE
            }
        }
    }
}

/// An error with its causes; a cause that says the same as the one above it is left out.
fn on_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string().replace('\n', "; ");
        if line.is_empty() {
            line = text;
        } else if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
    }
    line
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(faults) => faults.fmt(formatter),
            Self::Failed(error) => formatter.write_str(&on_one_line(error)),
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Given(faults)
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Faults(faults) => Self::Given(faults),
            other => Self::Failed(other.into()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Faults>() {
            Ok(faults) => Self::Given(faults),
            Err(error) => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::on_one_line;
    use anyhow::Context;

    #[test]
    fn an_error_is_one_line_with_its_causes() {
        let error =
            Err::<(), _>(std::io::Error::other("no\nspace")).context("cannot write").unwrap_err();
        assert_eq!(on_one_line(&error), "cannot write: no; space");
    }
}
