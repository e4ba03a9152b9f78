//! What is refused at the door, and who is kept out.

use super::{Database, DatabaseSettings};
use crate::error::StorageError;
use crate::fixture::settings_of;
use crate::testing::{PostgresServer, TestDatabase};
use rookery_domain::{ErrorKind, Secret};
use sea_orm::ConnectionTrait;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

async fn fresh() -> (&'static PostgresServer, TestDatabase) {
    let server = PostgresServer::shared().await.unwrap();
    (server, server.create_database().await.unwrap())
}

fn sqlite_in(directory: &TempDir) -> DatabaseSettings {
    let file = directory.path().join("rookery.db");
    DatabaseSettings::new(format!("sqlite://{}", file.display()))
}

fn message(error: &StorageError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

#[tokio::test]
async fn an_unknown_kind_of_database_is_refused() {
    for url in ["mysql://root@localhost/x", "", "rookery.db"] {
        let refused = Database::open(DatabaseSettings::new(url)).await.unwrap_err();
        assert!(matches!(refused, StorageError::Url(_)), "{refused:?}");
        assert_eq!(refused.kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_password_never_stands_in_an_error() {
    let url = "postgres://app:canary-1@127.0.0.1:1/rookery";
    let refused = Database::open(DatabaseSettings::new(url)).await.unwrap_err();
    let text = format!("{refused:?} {}", message(&refused));
    assert!(text.contains("127.0.0.1:1/rookery"), "{text}");
    assert!(!text.contains("canary-1"), "{text}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let settings = DatabaseSettings::new("sqlite:///nowhere/at/all/rookery.db");
    let refused = Database::open(settings).await.unwrap_err();
    assert!(message(&refused).contains("/nowhere/at/all/rookery.db"));
}

#[tokio::test]
async fn a_file_is_served_by_one_process() {
    let directory = TempDir::new().unwrap();
    let first = Database::open(sqlite_in(&directory)).await.unwrap();
    let second = Database::open(sqlite_in(&directory)).await.unwrap();
    first.lock_single_node().await.unwrap();
    let refused = second.lock_single_node().await.unwrap_err();
    assert!(matches!(refused, StorageError::AlreadyServed { .. }));
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    first.close().await;
    second.lock_single_node().await.unwrap();
}

#[tokio::test]
async fn migrating_twice_and_at_the_same_time_is_harmless() {
    let directory = TempDir::new().unwrap();
    let (_, database) = fresh().await;
    for settings in [sqlite_in(&directory), settings_of(&database)] {
        let first = Database::open(settings.clone()).await.unwrap();
        let second = Database::open(settings).await.unwrap();
        assert!(first.pending_migrations().await.unwrap() > 0);
        let (one, other) = futures::join!(first.migrate(), second.migrate());
        assert_eq!(one.unwrap() + other.unwrap(), 1);
        assert_eq!(first.migrate().await.unwrap(), 0);
        assert_eq!(second.pending_migrations().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_role_that_row_security_does_not_bind_is_refused() {
    let (server, database) = fresh().await;
    let roles = "CREATE ROLE rookery_bypass LOGIN BYPASSRLS";
    server.admin(&database.name, roles).await.unwrap();
    let bypass = database.app_url.replace("rookery_app", "rookery_bypass");
    for (url, why) in [(database.admin_url, "is a superuser"), (bypass, "has BYPASSRLS")] {
        let refused = Database::open(DatabaseSettings::new(url)).await.unwrap_err();
        assert!(message(&refused).contains(why), "{refused}");
    }
}

#[tokio::test]
async fn commits_that_may_be_lost_are_refused() {
    let (server, database) = fresh().await;
    let role = "CREATE ROLE rookery_hasty LOGIN; \
         ALTER ROLE rookery_hasty SET synchronous_commit = off";
    server.admin(&database.name, role).await.unwrap();
    let url = database.app_url.replace("rookery_app", "rookery_hasty");
    let refused = Database::open(DatabaseSettings::new(url)).await.unwrap_err();
    assert!(message(&refused).contains("synchronous_commit is off"));
}

#[tokio::test]
async fn a_role_that_may_not_create_is_told_about_the_other_url() {
    let (_, database) = fresh().await;
    let settings = DatabaseSettings::new(database.app_url);
    let opened = Database::open(settings).await.unwrap();
    let refused = opened.migrate().await.unwrap_err();
    assert!(message(&refused).contains("storage.migrate_url"), "{refused}");
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn one_role_may_own_the_tables_too() {
    let (_, database) = fresh().await;
    let settings = DatabaseSettings::new(database.owner_url);
    let opened = Database::open(settings).await.unwrap();
    assert_eq!(opened.migrate().await.unwrap(), 1);
    let again = Database::open(opened.settings().clone()).await.unwrap();
    again.check().await.unwrap();
}

#[tokio::test]
async fn the_serving_role_can_only_add_to_the_audit_log() {
    let (_, database) = fresh().await;
    let opened = Database::open(settings_of(&database)).await.unwrap();
    opened.migrate().await.unwrap();
    for statement in [
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "DROP TABLE audit_log",
        "ALTER TABLE audit_log DISABLE ROW LEVEL SECURITY",
        "DELETE FROM seaql_migrations",
    ] {
        let refused = opened.writer().execute_unprepared(statement).await;
        let text = refused.unwrap_err().to_string();
        assert!(
            text.contains("permission denied") || text.contains("must be owner"),
            "{statement}: {text}"
        );
    }
}

#[tokio::test]
async fn a_server_is_served_by_one_process() {
    let (_, database) = fresh().await;
    let first = Database::open(settings_of(&database)).await.unwrap();
    let second = Database::open(settings_of(&database)).await.unwrap();
    first.lock_single_node().await.unwrap();
    let refused = second.lock_single_node().await.unwrap_err();
    assert!(matches!(refused, StorageError::AlreadyServed { .. }));
    first.close().await;
    second.lock_single_node().await.unwrap();
    second.close().await;
}

const HOLDERS: &str = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_lock_whose_session_died_is_taken_again() {
    let (_, database) = fresh().await;
    let first = Database::open(settings_of(&database)).await.unwrap();
    first.lock_single_node().await.unwrap();
    let mut admin = PgConnection::connect(&database.admin_url).await.unwrap();
    let holder: i32 = sqlx::query_scalar(HOLDERS).fetch_one(&mut admin).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1)").bind(holder).execute(&mut admin).await.unwrap();
    let retaken = async {
        loop {
            let holders: Vec<i32> =
                sqlx::query_scalar(HOLDERS).fetch_all(&mut admin).await.unwrap();
            if holders.iter().any(|pid| *pid != holder) {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), retaken).await.unwrap();
    first.close().await;
}

#[tokio::test]
async fn a_lock_that_somebody_else_took_is_lost() {
    let (_, database) = fresh().await;
    let first = Database::open(settings_of(&database)).await.unwrap();
    first.lock_single_node().await.unwrap();
    let mut usurper = PgConnection::connect(&database.admin_url).await.unwrap();
    let holder: i32 = sqlx::query_scalar(HOLDERS).fetch_one(&mut usurper).await.unwrap();
    sqlx::query("SELECT pg_terminate_backend($1), pg_advisory_lock($2)")
        .bind(holder)
        .bind(super::single_node::SINGLE_NODE_LOCK)
        .execute(&mut usurper)
        .await
        .unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(60), first.lock_lost()).await.unwrap();
    first.close().await;
}

#[tokio::test]
async fn settings_do_not_show_the_password() {
    let settings = DatabaseSettings {
        migrate_url: Some(Secret::new("postgres://owner:canary-2@host/db")),
        ..DatabaseSettings::new("postgres://app:canary-1@host/db")
    };
    assert!(!format!("{settings:?}").contains("canary"));
}
