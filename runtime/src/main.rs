//! The binary `rookery`.

use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    rookery_runtime::choose_tls_provider();
    rookery_runtime::cli::main()
}
