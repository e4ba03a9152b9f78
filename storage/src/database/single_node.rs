//! Keeps a second single node out.
//!
//! SQLite: a lock of the operating system on a file beside the database, gone with the process.
//! PostgreSQL: an advisory lock of a session that does nothing else; a watcher asks it for signs
//! of life and takes the lock again after an outage. Between an outage and that, somebody else may
//! have taken over: then the epochs have risen, our writes are fenced, and the watcher says so.

use super::postgres::PostgresBackend;
use super::{Backend, Database};
use crate::error::StorageError;
use sqlx::{Connection, Executor, PgConnection};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

pub(super) const SINGLE_NODE_LOCK: i64 = 0x726f_6f6b_6e6f_6465;

/// How long the server may take to notice that an earlier process died.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Between two attempts to take the lock.
const RETRY_EVERY: Duration = Duration::from_millis(50);

/// Between two signs of life of the lock's session, and how long one may take.
const WATCH_EVERY: Duration = Duration::from_secs(1);
const SIGN_LIMIT: Duration = Duration::from_secs(3);

/// How long somebody else may hold the lock, with the server answering, before it is lost.
const LOST_AFTER: Duration = Duration::from_secs(5);

/// A peer that is gone without a word is noticed by the server after about ten seconds.
const LOCK_SESSION: &str = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; \
     SET tcp_keepalives_count = 3; SET idle_session_timeout = 0";

#[derive(Debug)]
pub(super) struct SingleNode {
    file: Mutex<Option<File>>,
    lost: watch::Sender<bool>,
}

impl Default for SingleNode {
    fn default() -> Self {
        Self { file: Mutex::new(None), lost: watch::Sender::new(false) }
    }
}

impl SingleNode {
    pub(super) async fn lost(&self) {
        let mut lost = self.lost.subscribe();
        if lost.wait_for(|lost| *lost).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(super) async fn release(&self) {
        self.file.lock().await.take();
    }
}

pub(super) async fn lock(database: &Database) -> Result<(), StorageError> {
    match database.backend() {
        Backend::Postgres(backend) => {
            let session = take_session(backend).await?;
            let watcher = database.clone();
            database.tasks().spawn(async move { watch(watcher, session).await });
            Ok(())
        }
        Backend::Sqlite(backend) => {
            if let Some(path) = &backend.file {
                let held = lock_file(&path.with_added_extension("lock"))?;
                *database.single_node().file.lock().await = Some(held);
            }
            Ok(())
        }
    }
}

fn lock_file(path: &Path) -> Result<File, StorageError> {
    let shown = path.display().to_string();
    let opened = File::create(path).map_err(TryLockError::Error);
    match opened.and_then(|file| file.try_lock().map(|()| file)) {
        Ok(file) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::AlreadyServed { target: shown }),
        Err(TryLockError::Error(source)) => Err(StorageError::LockFile { path: shown, source }),
    }
}

async fn take_session(backend: &PostgresBackend) -> Result<PgConnection, StorageError> {
    let failed = |source| StorageError::Statement { doing: "taking the single-node lock", source };
    let mut session = backend.connect().await.map_err(failed)?;
    session.execute(LOCK_SESSION).await.map_err(failed)?;
    let started = Instant::now();
    while !try_lock(&mut session).await.map_err(failed)? {
        if started.elapsed() > PATIENCE {
            return Err(StorageError::AlreadyServed { target: backend.target() });
        }
        tokio::time::sleep(RETRY_EVERY).await;
    }
    Ok(session)
}

async fn try_lock(session: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(SINGLE_NODE_LOCK)
        .fetch_one(session)
        .await
}

async fn watch(database: Database, mut session: PgConnection) {
    let Backend::Postgres(backend) = database.backend() else {
        return;
    };
    loop {
        tokio::select! {
            () = database.closing().cancelled() => break,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
        let sign = tokio::time::timeout(SIGN_LIMIT, session.ping()).await;
        if matches!(sign, Ok(Ok(()))) {
            continue;
        }
        tracing::warn!("the session of the single-node lock is gone; taking the lock again");
        match retake(&database, backend).await {
            Some(retaken) => session = retaken,
            None => break,
        }
    }
    if let Err(error) = session.close().await {
        tracing::debug!(%error, "the session of the single-node lock was already closed");
    }
}

/// Tries for as long as the server does not answer: nobody else can take the lock then either.
async fn retake(database: &Database, backend: &PostgresBackend) -> Option<PgConnection> {
    let mut refused_since: Option<Instant> = None;
    loop {
        match take_session(backend).await {
            Ok(session) => return Some(session),
            Err(StorageError::AlreadyServed { .. }) => {
                let since = *refused_since.get_or_insert_with(Instant::now);
                if since.elapsed() > LOST_AFTER {
                    tracing::error!("another process holds the single-node lock");
                    database.single_node().lost.send_replace(true);
                    return None;
                }
            }
            Err(_unreachable) => refused_since = None,
        }
        tokio::select! {
            () = database.closing().cancelled() => return None,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
}
