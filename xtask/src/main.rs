//! `cargo run -p rookery-xtask -- <command>`, see [`rookery_xtask`].

use clap::Parser;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    rookery_xtask::command::Arguments::parse().run()
}
