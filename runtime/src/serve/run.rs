//! The start, the run and the end of the process.

use super::data_dir;
use super::run_file::{Run, RunFile};
use super::server::{Bound, Server};
use super::shutdown::Signals;
use super::welcome;
use crate::admin::AdminSocket;
use crate::config::{Config, Environment};
use crate::wiring::{self, Parts};
use anyhow::Context;

/// What exists while the process is ready, and goes with it.
struct Files {
    _run: RunFile,
    _socket: AdminSocket,
}

/// Serves until a signal or a lost lock.
///
/// # Errors
/// If the start is refused, or another process took over the database.
pub async fn run(config: Config, environment: &Environment) -> anyhow::Result<()> {
    config.refuse_what_is_not_here()?;
    arm_kill_point(environment)?;
    let mut signals = Signals::listen()?;
    let (server, files) = tokio::select! {
        started = start(config) => started?,
        signal = signals.next() => {
            tracing::info!(signal, "asked to stop during the start");
            return Ok(());
        }
    };
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "asked to stop"),
        () = server.database.lock_lost() => {
            anyhow::bail!("another process took over the database; this one ends at once")
        }
        () = server.tree_ended() => {
            anyhow::bail!("the supervision tree ended; start the process again")
        }
    }
    drop(files);
    tokio::select! {
        () = server.end() => {}
        signal = signals.next() => tracing::warn!(signal, "asked again: ending without waiting"),
    }
    Ok(())
}

#[cfg(feature = "kill-points")]
fn arm_kill_point(environment: &Environment) -> anyhow::Result<()> {
    environment.kill_point().map_or(Ok(()), crate::kill_points::arm)
}

#[cfg(not(feature = "kill-points"))]
#[expect(clippy::unnecessary_wraps, reason = "the other form of it can fail")]
fn arm_kill_point(_environment: &Environment) -> anyhow::Result<()> {
    Ok(())
}

async fn start(config: Config) -> anyhow::Result<(Server, Files)> {
    let data_dir = config.storage.data_dir.clone();
    data_dir::prepare(&data_dir)?;
    let database = wiring::open_database(&config).await?;
    database.lock_single_node().await?;
    RunFile::clear(&data_dir);
    database.migrate().await.context("cannot migrate the database")?;
    let bound = Bound::bind(&config).await?;
    let run = Run { pid: std::process::id(), http: bound.http_url(), ops: bound.ops_url() };
    let public_url = config.http.public_url(bound.http_address());
    let parts = Parts::over(&config, &database)?;
    let mut server = Server::new(config, database);
    let (http, ops) = bound.split();
    server.serve_ops(ops)?;
    let tree = server.start_tree(&parts, &public_url).await?;
    let control = parts.control(&public_url);
    if let Some(tenant) = welcome::bootstrap(&server.config, &control, parts.tenants()).await? {
        tree.wake(tenant);
    }
    server.serve_http(http, &parts, &public_url)?;
    let (socket, listener) = AdminSocket::bind(&data_dir)?;
    server.serve_admin(listener, control.clone(), &run)?;
    server.keep_house(parts);
    server.ready();
    welcome::print_link(&server.config, &control, &run.http).await?;
    let files = Files { _run: RunFile::write(&data_dir, &run)?, _socket: socket };
    tracing::info!(http = %run.http, ops = %run.ops, "ready");
    Ok((server, files))
}
