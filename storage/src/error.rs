//! The crate's own error, for opening and guarding a database, and the one translation of the
//! drivers' errors into the ports' [`StoreError`].

use rookery_domain::ErrorKind;
use rookery_domain::ports::StoreError;
use sea_orm::{DbErr, RuntimeErr};
use std::time::Duration;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The URL names nothing that this version can open.
    #[error("storage.url {0}: use sqlite://PATH or postgres://USER@HOST/DATABASE")]
    Url(String),
    /// It cannot be reached or opened.
    #[error("cannot open the database {target}")]
    Open {
        /// Host and database, or the file.
        target: String,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// Older than what is needed.
    #[error("PostgreSQL {found} is too old: version {needed} or newer is needed")]
    Version {
        /// What the server is.
        found: i64,
        /// What it must be.
        needed: i64,
    },
    /// Commits of the server, or of this file, may be lost.
    #[error("{0}, so acknowledged messages could be lost: set it to {1}")]
    NotDurable(String, &'static str),
    /// The role is not bound by row security.
    #[error(
        "role {role} {why}, so row security would not bind it: connect as a plain role \
         (CREATE ROLE app LOGIN NOSUPERUSER NOBYPASSRLS)"
    )]
    RoleTooStrong {
        /// The role of `storage.url`.
        role: String,
        /// What it has too much of.
        why: &'static str,
    },
    /// The role may not create tables.
    #[error(
        "role {0} may not create tables: grant CREATE on the schema, or name the owner of the \
         tables in storage.migrate_url"
    )]
    CannotCreate(String),
    /// A migration failed.
    #[error("migration failed")]
    Migration(#[source] DbErr),
    /// The schema is not the one that this version works with.
    #[error("{0} migrations are not applied: run `rookery migrate`")]
    NotMigrated(usize),
    /// Somebody else serves from this database.
    #[error(
        "{target} is already served by another process: stop it first, or use another storage.url"
    )]
    AlreadyServed {
        /// Host and database, or the lock file.
        target: String,
    },
    /// The lock file cannot be made.
    #[error("cannot lock {path}: make its directory writable")]
    LockFile {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A statement failed.
    #[error("{doing} failed")]
    Statement {
        /// What was being done.
        doing: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
}

impl StorageError {
    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Url(_)
            | Self::Version { .. }
            | Self::NotDurable(..)
            | Self::RoleTooStrong { .. }
            | Self::CannotCreate(_)
            | Self::NotMigrated(_) => ErrorKind::Invalid,
            Self::Open { .. } | Self::LockFile { .. } | Self::Statement { .. } => {
                ErrorKind::Unavailable
            }
            Self::Migration(_) => ErrorKind::Internal,
            Self::AlreadyServed { .. } => ErrorKind::Conflict,
        }
    }
}

/// SQLSTATE classes and codes after which the same statement may succeed later: connection,
/// resources (disk full), operator intervention, system error, read-only server.
const POSTGRES_TRANSIENT: [&str; 5] = ["08", "53", "57", "58", "25006"];

/// SQLSTATE codes of a transaction that lost against another one.
const POSTGRES_LOST_RACE: [&str; 2] = ["40001", "40P01"];

/// Primary SQLite result codes likewise: busy, locked, read-only, I/O, full, cannot open.
const SQLITE_TRANSIENT: [i64; 6] = [5, 6, 8, 10, 13, 14];

/// A driver's error in the ports' words. Values never stand in the text.
pub(crate) fn from_sqlx(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let text = format!("{code}: {}", database.message());
            if database.is_unique_violation() {
                StoreError::Conflict("a unique value is taken".to_owned())
            } else if is_transient(&code) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Broken(text)
            }
        }
        sqlx::Error::RowNotFound => StoreError::NotFound("row".to_owned()),
        sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            StoreError::Broken("a stored value has another type than expected".to_owned())
        }
        other => StoreError::Unavailable(other.to_string()),
    }
}

fn is_transient(code: &str) -> bool {
    let postgres = code.len() == 5
        && POSTGRES_TRANSIENT
            .iter()
            .chain(&POSTGRES_LOST_RACE)
            .any(|prefix| code.starts_with(prefix));
    let sqlite = code.len() < 5
        && code.parse::<i64>().is_ok_and(|extended| SQLITE_TRANSIENT.contains(&(extended & 0xff)));
    postgres || sqlite
}

/// Whether only this transaction lost a race, while the database itself works.
pub(crate) fn lost_race(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if database.code().is_some_and(|code| POSTGRES_LOST_RACE.contains(&code.as_ref())))
}

/// An error of the mapper in the ports' words.
pub(crate) fn from_orm(error: DbErr) -> StoreError {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => from_sqlx(&inner),
        DbErr::ConnectionAcquire(reason) => StoreError::Unavailable(reason.to_string()),
        DbErr::RecordNotFound(what) => StoreError::NotFound(what),
        other => StoreError::Broken(other.to_string()),
    }
}

/// The answer when the database does not answer in time.
pub(crate) fn timed_out(limit: Duration) -> StoreError {
    StoreError::Unavailable(format!("no answer within {} ms", limit.as_millis()))
}

/// A stored text that this version does not know, or that is not what it should be.
pub(crate) fn unreadable(column: &'static str) -> StoreError {
    StoreError::Broken(format!("column {column} holds a value that cannot be read"))
}
