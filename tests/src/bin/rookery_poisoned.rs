//! The real program with one thing changed: a turn panics right after each tool that it ran. A
//! message that makes the model use a tool is poison; all others are answered as ever.

use rookery_domain::kill_point::{KillPoint, install};
use std::process::ExitCode;

fn main() -> ExitCode {
    install(|point| assert!(point != KillPoint::K6ToolDone, "poison, as asked"));
    rookery_runtime::choose_tls_provider();
    rookery_runtime::cli::main()
}
