//! What happens when the database, or one write of many, goes wrong.

use crate::fixture::{Fixture, postgres, settings_of, sqlite_file};
use crate::testing::PostgresServer;
use rookery_domain::inbox::Appended;
use rookery_domain::ports::{Inbox, StoreError};
use rookery_domain::testing::store_suite::scene::{Scene, settle};
use rookery_domain::turn::InboxSettle;
use sqlx::{Connection, Executor, PgConnection};

const TERMINATE_WRITERS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE application_name = 'rookery' AND datname = current_database()";

async fn admin(fixture: &Fixture) -> PgConnection {
    let url = &fixture.postgres.as_ref().unwrap().admin_url;
    PgConnection::connect(url).await.unwrap()
}

#[tokio::test]
async fn a_connection_that_broke_while_it_rested_costs_nobody_anything() {
    let fixture = postgres().await;
    let scene = Scene::set(&fixture).await.unwrap();
    scene.arrive("update-1").await.unwrap();
    admin(&fixture).await.execute(TERMINATE_WRITERS).await.unwrap();
    scene.arrive("update-2").await.unwrap();
}

#[tokio::test]
async fn a_write_that_is_cut_off_is_unavailable_and_may_be_repeated() {
    let fixture = postgres().await;
    let scene = Scene::set(&fixture).await.unwrap();
    let mut admin = admin(&fixture).await;
    admin.execute("BEGIN").await.unwrap();
    admin.execute("LOCK TABLE wake IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let row = scene.inbound("update-1");
    let cut = async {
        let blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
             (SELECT oid FROM pg_database WHERE datname = current_database())";
        while sqlx::query_scalar::<_, i64>(blocked).fetch_one(&mut admin).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        admin.execute(TERMINATE_WRITERS).await.unwrap();
        admin.execute("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = futures::join!(fixture.store.append(row.clone()), cut);
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert_eq!(fixture.store.append(row).await.unwrap(), Appended::Stored);
    let waiting = fixture.store.undone(scene.tenant, None, 9).await.unwrap();
    assert_eq!(waiting.len(), 1);
}

#[tokio::test]
async fn a_server_that_crashes_keeps_what_was_acknowledged() {
    let server = PostgresServer::start().await.unwrap();
    let database = server.create_database().await.unwrap();
    let fixture = Fixture::over(settings_of(&database)).await;
    let scene = Scene::set(&fixture).await.unwrap();
    let kept = scene.arrive("update-1").await.unwrap();
    server.crash().await.unwrap();
    let refused = fixture.store.append(scene.inbound("update-2")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    let unread = fixture.store.undone(scene.tenant, None, 9).await;
    assert!(matches!(unread, Err(StoreError::Unavailable(_))));
    assert!(fixture.database.check().await.is_err());

    server.resume().await.unwrap();
    fixture.database.check().await.unwrap();
    let second = scene.arrive("update-2").await.unwrap();
    let waiting = fixture.store.undone(scene.tenant, None, 9).await.unwrap();
    let ids: Vec<_> = waiting.iter().map(|row| row.inbound.id).collect();
    assert_eq!(ids, [kept, second]);
}

/// Two messages of one place in the session: the database refuses the second.
async fn one_refused_write_does_not_spoil_the_others(fixture: &Fixture) {
    let scene = Scene::set(fixture).await.unwrap();
    let session = scene.session("chat");
    let say = |seq| InboxSettle {
        messages: vec![scene.message(&session, seq, "again")],
        ..settle(Vec::new())
    };
    fixture.store.settle(&scene.lease, say(1)).await.unwrap();
    let writes = (0..10).map(|index| {
        let seq = if index == 5 { 1 } else { index + 10 };
        fixture.store.settle(&scene.lease, say(seq))
    });
    let answers = futures::future::join_all(writes).await;
    for (index, answer) in answers.into_iter().enumerate() {
        let is_refused = matches!(answer, Err(StoreError::Conflict(_)));
        assert_eq!(is_refused, index == 5, "{answer:?}");
    }
}

#[tokio::test]
async fn one_refused_write_does_not_spoil_the_others_on_sqlite() {
    one_refused_write_does_not_spoil_the_others(&sqlite_file().await).await;
}

#[tokio::test]
async fn one_refused_write_does_not_spoil_the_others_on_postgres() {
    one_refused_write_does_not_spoil_the_others(&postgres().await).await;
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_recovers() {
    let fixture = sqlite_file().await;
    let scene = Scene::set(&fixture).await.unwrap();
    scene.arrive("update-1").await.unwrap();
    // SQLite answers a file at its page limit as it answers a full disk.
    limit_pages(&fixture, "PRAGMA max_page_count = 1").await;
    let mut row = scene.inbound("update-2");
    row.raw = vec![7; 1 << 20].into();
    let refused = fixture.store.append(row.clone()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    limit_pages(&fixture, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(fixture.store.append(row).await.unwrap(), Appended::Stored);
}

async fn limit_pages(fixture: &Fixture, pragma: &'static str) {
    let crate::database::Backend::Sqlite(backend) = fixture.database.backend() else {
        panic!("not a SQLite database");
    };
    backend.writer.execute(pragma).await.unwrap();
}

#[tokio::test]
async fn closing_finishes_what_is_queued() {
    let fixture = sqlite_file().await;
    let scene = Scene::set(&fixture).await.unwrap();
    let rows: Vec<_> = (0..50).map(|index| scene.inbound(&format!("update-{index}"))).collect();
    let writes = futures::future::join_all(rows.into_iter().map(|row| fixture.store.append(row)));
    let (answers, ()) = futures::join!(writes, fixture.database.close());
    assert!(answers.into_iter().all(|answer| answer.unwrap() == Appended::Stored));
    let late = fixture.store.append(scene.inbound("late")).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))));
}
