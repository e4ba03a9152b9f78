//! `rookery completions`

use super::arguments::Arguments;
use crate::output;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

/// Prints the script.
pub(super) fn print(shell: Shell) {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "rookery", &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end());
}
