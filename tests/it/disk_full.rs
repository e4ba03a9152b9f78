//! The database has no room left, and later it has again.

use crate::scene::Scene;
use rookery_tests::fake::http_client;
use rookery_tests::fake::telegram::{Delivery, Person, Place, SentMessage};
use rookery_tests::system::{Database, REPLY_LIMIT};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

on_both_databases!(a_kill_while_the_disk_is_full_costs_nothing_that_was_acknowledged);

/// How much the database may still grow, in bytes.
const ROOM_BYTES: u64 = 256 * 1024;
/// Chats that talk.
const CHATS: i64 = 8;
/// Refused deliveries that show that the disk is full.
const REFUSALS: usize = 20;
/// Messages of all chats until then, at most.
const MESSAGES_MAX: usize = 2_000;
/// How long nothing may be acknowledged while the disk is full.
const FULL_FOR: Duration = Duration::from_secs(1);
/// What a full disk is called: by the system's limit on files, by SQLite, by PostgreSQL.
const FAULTS: [&str; 3] = ["disk I/O error", "database or disk is full", "No space left on device"];
/// How long the process may take to work again, in all.
const RECOVERY_LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_room_again_a_process_on_postgresql_goes_on_and_nothing_is_missing() {
    goes_on_with_room_again(Database::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_room_again_a_process_on_sqlite_goes_on_and_nothing_is_missing() {
    goes_on_with_room_again(Database::Sqlite).await;
}

async fn goes_on_with_room_again(database: Database) {
    let mut scene = Scene::on(database).await;
    scene.asks_and_reads("before", "echo: before").await;
    fill(&mut scene).await;
    let said = flood(&scene).await;
    stays_full(&mut scene).await;
    assert!(scene.system.process().unwrap().is_running());
    let room_again = Instant::now();
    free(&mut scene).await;
    scene.asks_and_reads("after", "echo: after").await;
    assert!(room_again.elapsed() < RECOVERY_LIMIT, "{:?}", room_again.elapsed());
    everybody_is_answered(&scene, &said).await;
    assert_eq!(ready(&mut scene).await, 200);
    assert!(scene.system.process().unwrap().is_running());
}

async fn a_kill_while_the_disk_is_full_costs_nothing_that_was_acknowledged(database: Database) {
    let mut scene = Scene::on(database).await;
    scene.asks_and_reads("before", "echo: before").await;
    fill(&mut scene).await;
    let said = flood(&scene).await;
    stays_full(&mut scene).await;
    scene.system.process().unwrap().kill().await.unwrap();
    free(&mut scene).await;
    scene.system.serve(None).await.unwrap();
    scene.asks_and_reads("after", "echo: after").await;
    everybody_is_answered(&scene, &said).await;
}

/// On SQLite the process's files may hardly grow any more. PostgreSQL is another process, perhaps
/// another user's, so there every write is refused with what its server says of a full disk.
async fn fill(scene: &mut Scene) {
    if let Some(server) = &scene.system.postgres {
        let full = "raise exception 'could not extend file: No space left on device' \
                    using errcode = 'disk_full';";
        server.query(&no_room(full)).await.unwrap();
        let triggers = on_every_table(
            "create or replace trigger no_room before insert or update on %I \
             for each statement execute function no_room()",
        );
        // It locks one table after the other, as others do: one of the two may be broken off.
        while let Err(error) = server.query(&triggers).await {
            assert!(error.to_string().contains("deadlock"), "{error:#}");
        }
        return;
    }
    let directory = scene.system.directory().to_owned();
    let size = |name: &str| std::fs::metadata(directory.join(name)).map_or(0, |file| file.len());
    let largest = ["store.db", "store.db-wal", "rookery.log"].map(size).into_iter().max();
    let limit = largest.unwrap() + ROOM_BYTES;
    scene.system.process().unwrap().limit_files(Some(limit)).await.unwrap();
}

async fn free(scene: &mut Scene) {
    if let Some(server) = &scene.system.postgres {
        // The triggers stay: taking them away would wait for locks on every table at once.
        server.query(&no_room("return null;")).await.unwrap();
        return;
    }
    let process = scene.system.process().unwrap();
    // One that was killed took its limit with it.
    if process.is_running() {
        process.limit_files(None).await.unwrap();
    }
}

/// What the triggers do.
fn no_room(body: &str) -> String {
    format!(
        "create or replace function no_room() returns trigger language plpgsql \
         as $$ begin {body} end $$"
    )
}

fn on_every_table(statement: &str) -> String {
    format!(
        "do $do$ declare name text; begin \
         for name in select tablename from pg_tables where schemaname = current_schema() loop \
         execute format($format${statement}$format$, name); end loop; end $do$"
    )
}

/// People write until the hook has refused a number of deliveries. Returns which update says what.
async fn flood(scene: &Scene) -> BTreeMap<i64, String> {
    let people: Vec<Person> =
        (0..CHATS).map(|number| Person::new(800 + number, "Somebody")).collect();
    let padding = "x".repeat(4_000);
    let mut said = BTreeMap::new();
    for round in 0..MESSAGES_MAX / people.len() {
        for person in &people {
            let text = format!("m:{}:{round} {padding}", person.id);
            let place = Place::private(person);
            let update = scene.system.bot.say(&place, person, &text).await.unwrap().update_id;
            said.insert(update, text);
        }
        if refusals(&scene.system.bot.deliveries().await) >= REFUSALS {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let deadline = Instant::now() + REPLY_LIMIT;
    while refusals(&scene.system.bot.deliveries().await) < REFUSALS {
        assert!(Instant::now() < deadline, "{MESSAGES_MAX} messages fill nothing");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    said
}

fn refusals(deliveries: &[Delivery]) -> usize {
    deliveries.iter().filter(|delivery| !delivery.acknowledged()).count()
}

/// Nothing is taken any more, every refusal says when to come back, and the fault has a name.
async fn stays_full(scene: &mut Scene) {
    let acknowledged = |deliveries: &[Delivery]| deliveries.len() - refusals(deliveries);
    let before = acknowledged(&scene.system.bot.deliveries().await);
    tokio::time::sleep(FULL_FOR).await;
    let deliveries = scene.system.bot.deliveries().await;
    assert_eq!(acknowledged(&deliveries), before, "acknowledged without room to store it");
    for refusal in deliveries.iter().filter(|delivery| !delivery.acknowledged()) {
        assert_eq!(refusal.status, Some(503), "{refusal:?}");
        assert!(refusal.retry_after.is_some_and(|seconds| seconds >= 1), "{refusal:?}");
    }
    let log = scene.system.process().unwrap().log();
    assert!(FAULTS.iter().any(|fault| log.contains(fault)), "the log does not name the fault");
}

async fn ready(scene: &mut Scene) -> u16 {
    let url = format!("{}/readyz", scene.system.process().unwrap().ops);
    let client = http_client(Duration::from_secs(10)).unwrap();
    client.get(url).send().await.unwrap().status().as_u16()
}

/// Everything that was said has exactly one answer; after a kill a second one only where the
/// ledger declares it.
async fn everybody_is_answered(scene: &Scene, said: &BTreeMap<i64, String>) {
    let texts: BTreeSet<&str> = said.values().map(String::as_str).collect();
    let answers = |sent: &[SentMessage]| {
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        for text in sent.iter().filter_map(|message| message.text.strip_prefix("echo: ")) {
            *answers.entry(text.to_owned()).or_default() += 1;
        }
        answers
    };
    let all = scene.system.bot.wait_for_sent(2 * REPLY_LIMIT, |sent| {
        let answers = answers(sent);
        texts.iter().all(|text| answers.contains_key(*text)).then_some(())
    });
    all.await.expect("everything that was said is answered");
    scene.settles().await;
    let answers = answers(&scene.system.bot.sent().await);
    let repeats: usize = answers.values().map(|copies| copies - 1).sum();
    let declared = "select count(*) from outbox where was_ambiguous";
    let declared: usize = scene.system.sql(declared).await.unwrap().parse().unwrap();
    assert!(repeats <= declared, "{repeats} repeats, {declared} declared");
    assert_eq!(answers.len(), said.len() + 2, "and nothing else was answered");
}
