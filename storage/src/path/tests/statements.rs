//! What a turn costs in statements.

use crate::fixture::{Fixture, postgres, sqlite_file};
use futures::future::join_all;
use rookery_domain::outbox::{OutboxChange, OutboxStep};
use rookery_domain::ports::Outbox;
use rookery_domain::testing::store_suite::scene::{NOON, Scene};

/// Turns that run at the same time, and how many each does.
const SESSIONS: usize = 64;
const TURNS: usize = 4;

/// The promise, `BEGIN`, `COMMIT` and the naming of the tenant included.
const STATEMENTS_PER_TURN_MAX: f64 = 14.0;

async fn whole_turn(fixture: &Fixture, scene: &Scene<'_>, key: &str) {
    let (_, commit) = scene.converse(key).await.unwrap();
    for step in
        [OutboxStep::Sending, OutboxStep::Sent { platform_message_id: Some("m-1".to_owned()) }]
    {
        let id = commit.outbox[0].id;
        let change = OutboxChange { id, step };
        fixture.store.change(&scene.lease, change, NOON).await.unwrap();
    }
}

async fn statements_per_turn(fixture: &Fixture, tenants: usize) -> f64 {
    let mut scenes = vec![Scene::set(fixture).await.unwrap()];
    for _ in 1..tenants {
        scenes.push(Scene::join(fixture).await.unwrap());
    }
    let before = fixture.store.statements_run();
    let sessions = (0..SESSIONS).map(|session| {
        let scene = &scenes[session % tenants];
        async move {
            for turn in 0..TURNS {
                let key = format!("chat {session} {turn}");
                whole_turn(fixture, scene, &key).await;
            }
        }
    });
    join_all(sessions).await;
    let statements = u32::try_from(fixture.store.statements_run() - before).unwrap();
    let turns = u32::try_from(SESSIONS * TURNS).unwrap();
    f64::from(statements) / f64::from(turns)
}

#[tokio::test]
async fn a_turn_costs_few_statements_on_postgres() {
    for tenants in [1, 8, SESSIONS] {
        let fixture = postgres().await;
        let cost = statements_per_turn(&fixture, tenants).await;
        assert!(
            cost <= STATEMENTS_PER_TURN_MAX,
            "{cost:.1} statements per turn with {tenants} tenants"
        );
    }
}

/// One for each of its five writes, and one that names the tenant.
#[tokio::test]
async fn a_lone_turn_on_postgres_is_a_statement_for_each_write() {
    let fixture = postgres().await;
    let scene = Scene::set(&fixture).await.unwrap();
    whole_turn(&fixture, &scene, "first").await;
    let before = fixture.store.statements_run();
    whole_turn(&fixture, &scene, "second").await;
    let statements = fixture.store.statements_run() - before;
    assert!((5..=6).contains(&statements), "{statements} statements");
}

#[tokio::test]
async fn a_turn_costs_few_statements_on_sqlite() {
    let cost = statements_per_turn(&sqlite_file().await, SESSIONS).await;
    assert!(cost <= STATEMENTS_PER_TURN_MAX, "{cost:.1} per turn");
}
