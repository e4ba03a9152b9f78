//! The command: measures and prints, or is one of the ceilings that a measurement starts.

use clap::Parser as _;
use rookery_bench::options::{Command, Options};
use rookery_bench::{ceiling, figures};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    match options.command {
        Some(Command::Ceiling(program)) => ceiling::serve(&program).await,
        None => figures::run(&options).await,
    }
}
