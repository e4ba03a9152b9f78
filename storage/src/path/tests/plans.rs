//! How the databases find the rows of the lanes' statements: by whole keys, from the first day of
//! an empty table on. A plan that walks a tenant's rows is right and slow, and no other test sees
//! it.

use super::super::part::Part;
use super::super::statement::{Shape, Texts};
use crate::database::Backend;
use crate::fixture::{Fixture, postgres, sqlite_file};
use rookery_domain::testing::store_suite::StoreFixture;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

const STATEMENTS: [&[Part]; 6] = [
    &[Part::Inbox, Part::Wake],
    &[
        Part::Contacts,
        Part::Sessions,
        Part::Messages,
        Part::Turns,
        Part::Settlements,
        Part::History,
    ],
    &[
        Part::TurnEnds,
        Part::SessionRaises,
        Part::Messages,
        Part::Settlements,
        Part::Outbox,
        Part::Usage,
    ],
    &[Part::OutboxChanges],
    &[Part::RunningTurns, Part::Steps],
    // The states of outbox rows are looked up only in doubt, and found well once there are statistics.
    &[Part::FirstInbox, Part::TurnStates, Part::KnownAudit],
];

async fn writer(fixture: &Fixture) -> PgConnection {
    let Backend::Postgres(backend) = fixture.database.backend() else {
        panic!("not a PostgreSQL database");
    };
    backend.writer().await.unwrap()
}

#[tokio::test]
async fn postgres_finds_every_row_by_its_whole_key() {
    let fixture = postgres().await;
    let tenant = fixture.tenant().await;
    let mut connection = writer(&fixture).await;
    let named = format!("SELECT set_config('app.current_tenant', '{}', false)", tenant.as_uuid());
    connection.execute(AssertSqlSafe(named)).await.unwrap();
    for parts in STATEMENTS {
        let inputs: usize = parts.iter().map(|part| part.width()).sum();
        let nothing = |more: usize| vec!["NULL"; inputs + more].join(", ");
        let together = (Shape::Together(parts.to_vec()), nothing(0));
        for (shape, nothing) in [together, (Shape::Fenced(parts.to_vec()), nothing(3))] {
            let text = Texts::default().get(shape);
            explained(&mut connection, text.as_str(), &nothing).await;
        }
    }
}

/// The owner of a tenant is one row, and the only one found by the tenant alone.
const OWNER: &str = "(tenant_id = $1)";

async fn explained(connection: &mut PgConnection, text: &str, nothing: &str) {
    for statement in [
        format!("PREPARE shown AS {text}"),
        format!("EXPLAIN EXECUTE shown({nothing})"),
        "DEALLOCATE shown".to_owned(),
    ] {
        let plan = connection.fetch_all(AssertSqlSafe(statement)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        for line in &plan {
            let condition = line.split_once("Index Cond:").map(|(_, condition)| condition);
            let by_whole_key = condition
                .is_none_or(|condition| condition.contains(" AND ") || condition.trim() == OWNER);
            assert!(by_whole_key && !line.contains("Seq Scan"), "{}", plan.join("\n"));
        }
    }
}

#[tokio::test]
async fn sqlite_finds_every_row_by_its_whole_key() {
    let fixture = sqlite_file().await;
    let Backend::Sqlite(backend) = fixture.database.backend() else {
        panic!("not a SQLite database");
    };
    let parts = STATEMENTS.iter().flat_map(|parts| parts.iter());
    for part in parts.filter(|part| **part != Part::History) {
        let text = Texts::default().get(Shape::Rows(*part, 2));
        let explain = format!("EXPLAIN QUERY PLAN {}", text.as_str());
        let plan = backend.writer.fetch_all(AssertSqlSafe(explain)).await.unwrap();
        for row in plan {
            let line: String = row.get("detail");
            let is_walk = line.starts_with("SCAN")
                && !line.contains("CONSTANT ROW")
                && !line.contains("input_rows");
            assert!(!is_walk, "{part:?}: {line}");
            assert!(!line.starts_with("SEARCH") || line.contains(" AND "), "{part:?}: {line}");
        }
    }
}
