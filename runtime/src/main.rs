//! The binary `rookery`.

use std::process::ExitCode;

fn main() -> ExitCode {
    rookery_runtime::choose_tls_provider();
    rookery_runtime::cli::main()
}
