//! A started process: its listeners, its tree, its chores, and how they end.

use super::listener::{self, ListenerSettings};
use super::run_file::Run;
use crate::admin::{self, AdminState, Status};
use crate::config::Config;
use crate::metrics;
use crate::wiring::{Database, Parts, Tree};
use anyhow::Context;
use futures::FutureExt;
use rookery_control::Control;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the database is asked whether it answers; readiness follows.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long connections of the private listeners may take to finish at the end.
const OPS_FINISH_WITHIN: Duration = Duration::from_secs(1);
/// What is left of the drain budget for connections, once the turns have ended.
const CONNECTIONS_FINISH_WITHIN: Duration = Duration::from_secs(3);

/// The bound listeners.
#[derive(Debug)]
pub(super) struct Bound {
    http: (TcpListener, SocketAddr),
    ops: (TcpListener, SocketAddr),
}

impl Bound {
    /// Binds both, so that a taken port is refused before anything starts.
    pub(super) async fn bind(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            http: bind(config.http.listen, "http.listen").await?,
            ops: bind(config.ops.listen, "ops.listen").await?,
        })
    }

    /// The public listener's address.
    pub(super) const fn http_address(&self) -> SocketAddr {
        self.http.1
    }

    /// The public listener's base URL, as this machine reaches it.
    pub(super) fn http_url(&self) -> String {
        url_here(self.http.1)
    }

    /// The private listener's.
    pub(super) fn ops_url(&self) -> String {
        url_here(self.ops.1)
    }

    /// The listeners themselves: public, private.
    pub(super) fn split(self) -> (TcpListener, TcpListener) {
        (self.http.0, self.ops.0)
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let failed = || format!("cannot listen on {address}: set {key} to a free address");
    let listener = TcpListener::bind(address).await.with_context(failed)?;
    let bound = listener.local_addr().with_context(failed)?;
    Ok((listener, bound))
}

fn url_here(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    format!("http://{address}")
}

/// A started process.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) database: Database,
    tree: Option<Arc<Tree>>,
    readiness: watch::Sender<bool>,
    draining: watch::Sender<bool>,
    /// Ends the public listener and the admin socket.
    stop: CancellationToken,
    /// Ends the private listener and the chores, last of all.
    end: CancellationToken,
    public_tasks: TaskTracker,
    private_tasks: TaskTracker,
}

impl Server {
    /// Over a database that is locked and migrated.
    pub(super) fn new(config: Config, database: Database) -> Self {
        Self {
            config,
            database,
            tree: None,
            readiness: watch::Sender::new(false),
            draining: watch::Sender::new(false),
            stop: CancellationToken::new(),
            end: CancellationToken::new(),
            public_tasks: TaskTracker::new(),
            private_tasks: TaskTracker::new(),
        }
    }

    /// Probes and metrics, from the first moment to the last.
    pub(super) fn serve_ops(&self, listener: TcpListener) -> anyhow::Result<()> {
        let handle = metrics::install()?;
        let upkeep = handle.clone();
        let render = Arc::new(move || handle.render());
        self.private_tasks.spawn(listener::serve(
            listener,
            rookery_admin_web::ops_router(self.readiness.subscribe(), render),
            self.private_limits(),
            self.end.clone(),
        ));
        let end = self.end.clone();
        self.private_tasks.spawn(async move {
            every(metrics::UPKEEP_EVERY, end, || upkeep.run_upkeep()).await;
        });
        Ok(())
    }

    /// The supervision tree. What waits in the store starts by itself.
    pub(super) async fn start_tree(
        &mut self,
        parts: &Parts,
        public_url: &str,
    ) -> anyhow::Result<Arc<Tree>> {
        let tree = parts.start_tree(&self.config, public_url).await?;
        self.tree = Some(Arc::clone(&tree));
        Ok(tree)
    }

    /// The public listener.
    pub(super) fn serve_http(
        &self,
        listener: TcpListener,
        parts: &Parts,
        public_url: &str,
    ) -> anyhow::Result<()> {
        let ingestion = self.tree()?.ingestion();
        let draining = self.draining.subscribe();
        let router = parts.web(&self.config, ingestion, public_url, draining)?;
        let limits = &self.config.limits.listeners;
        let settings = ListenerSettings {
            connections_max: limits.http_connections_max,
            header_read_timeout: limits.header_read_timeout,
            finish_within: CONNECTIONS_FINISH_WITHIN,
        };
        let stop = self.stop.clone();
        self.public_tasks.spawn(listener::serve(listener, router, settings, stop));
        Ok(())
    }

    /// The admin socket.
    pub(super) fn serve_admin(
        &self,
        listener: UnixListener,
        control: Control,
        run: &Run,
    ) -> anyhow::Result<()> {
        let tree = Arc::clone(self.tree()?);
        let (status_tree, replay_tree) = (Arc::clone(&tree), Arc::clone(&tree));
        let (pid, http, ops) = (run.pid, run.http.clone(), run.ops.clone());
        let state = AdminState {
            control,
            changed: Arc::new(move |tenant| {
                tree.refresh(tenant);
                tree.wake(tenant);
            }),
            replayed: Arc::new(move |tenant| replay_tree.wake(tenant)),
            status: Arc::new(move || {
                let tree = Arc::clone(&status_tree);
                let (http, ops) = (http.clone(), ops.clone());
                async move {
                    Status {
                        pid,
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                        http,
                        ops,
                        overseers: tree.live_overseers().await,
                    }
                }
                .boxed()
            }),
            body_bytes_max: self.config.limits.listeners.admin_body_bytes_max,
        };
        self.public_tasks.spawn(listener::serve(
            listener,
            admin::router(state),
            self.private_limits(),
            self.stop.clone(),
        ));
        Ok(())
    }

    /// What is done now and then.
    pub(super) fn keep_house(&self, parts: Parts) {
        let end = self.end.clone();
        self.private_tasks.spawn(async move {
            every(metrics::UPKEEP_EVERY, end, || parts.sweep()).await;
        });
    }

    /// Says that work can be taken, for as long as the database answers.
    pub(super) fn ready(&self) {
        self.readiness.send_replace(true);
        let database = self.database.clone();
        let readiness = self.readiness.clone();
        let stop = self.stop.clone();
        self.public_tasks.spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(CHECK_EVERY)).await.is_some() {
                let Some(answer) = stop.run_until_cancelled(database.check()).await else {
                    break;
                };
                let was_ready = readiness.send_replace(answer.is_ok());
                match answer {
                    Err(error) if was_ready => tracing::warn!(%error, "not ready"),
                    Ok(()) if !was_ready => tracing::info!("ready again"),
                    _ => {}
                }
            }
        });
    }

    /// Ends in order: not ready, no new work, running turns within the budget, the database.
    pub(super) async fn end(self) {
        self.stop.cancel();
        self.readiness.send_replace(false);
        if let Some(tree) = &self.tree {
            let complete = tree.drain(self.config.limits.listeners.drain_budget).await;
            tracing::info!(complete, "drained");
        }
        // Only now: whoever watches a running answer sees its end.
        self.draining.send_replace(true);
        self.public_tasks.close();
        self.public_tasks.wait().await;
        self.database.close().await;
        self.end.cancel();
        self.private_tasks.close();
        self.private_tasks.wait().await;
        tracing::info!("ended");
    }

    /// Waits until the supervision tree has ended by itself.
    pub(super) async fn tree_ended(&self) {
        match &self.tree {
            Some(tree) => tree.ended().await,
            None => std::future::pending().await,
        }
    }

    fn tree(&self) -> anyhow::Result<&Arc<Tree>> {
        self.tree.as_ref().context("the supervision tree is not started")
    }

    fn private_limits(&self) -> ListenerSettings {
        let limits = &self.config.limits.listeners;
        ListenerSettings {
            connections_max: limits.ops_connections_max,
            header_read_timeout: limits.header_read_timeout,
            finish_within: OPS_FINISH_WITHIN,
        }
    }
}

async fn every(period: Duration, end: CancellationToken, chore: impl Fn()) {
    while end.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        chore();
    }
}
