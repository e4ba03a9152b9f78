//! Tests of the whole system: the real binary, a real database, fakes only at the vendors' edge.
//! One file per subject; most tests run on both databases.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests stand outside the runtime, as the harness does"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a surprise ends the test; these bodies are functions so that they run per database"
)]

/// Makes one test per database of each named `async fn(Database)`.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            use rookery_tests::system::Database;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(Database::Sqlite).await;
            })*
        }
        mod postgres {
            use rookery_tests::system::Database;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(Database::Postgres).await;
            })*
        }
    };
}

mod ambiguous;
mod apply;
mod commands;
mod dead_letters;
mod disk_full;
mod first_run;
mod groups;
mod hostile;
mod isolation;
mod kill;
mod lifecycle;
mod models;
mod order;
mod outage;
mod overload;
mod poison;
mod scene;
mod telegram;
mod web;
