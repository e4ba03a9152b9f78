//! Many conversations at once, on a platform that repeats and reorders its updates and refuses
//! and cuts our calls: within each, answers come in the order in which we took the messages.

use crate::scene::Scene;
use rookery_tests::checker::check;
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::telegram::{Call, Delivery, Person, Place};
use rookery_tests::history::{Entry, Event};
use rookery_tests::system::{Database, Setup};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use tokio::time::Instant;

on_both_databases!(a_hundred_conversations_are_answered_in_order_in_spite_of_faults);

/// How long nothing new may be answered before the rest counts as missing.
const QUIET_LIMIT: Duration = Duration::from_secs(30);
/// How often answers are counted: not at every one, of which there are thousands.
const LOOK_EVERY: Duration = Duration::from_millis(250);

async fn a_hundred_conversations_are_answered_in_order_in_spite_of_faults(database: Database) {
    conversations_keep_their_order(database, 100, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "twenty thousand messages take minutes"]
async fn five_hundred_conversations_on_sqlite_are_answered_in_order() {
    conversations_keep_their_order(Database::Sqlite, 500, 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "twenty thousand messages take minutes"]
async fn five_hundred_conversations_on_postgresql_are_answered_in_order() {
    conversations_keep_their_order(Database::Postgres, 500, 40).await;
}

async fn conversations_keep_their_order(database: Database, conversations: i64, messages: usize) {
    // So often that no turn runs out of attempts by chance: this is about order.
    let setup = Setup::on(database)
        .setting("LLM__RETRY__ATTEMPTS_MAX", "8")
        .setting("LLM__RETRY__BACKOFF_MIN", "20ms");
    let scene = Scene::with(setup).await;
    misbehave(&scene).await;
    let people: Vec<Person> =
        (0..conversations).map(|number| Person::new(2_000 + number, "Somebody")).collect();
    let mut said: HashMap<i64, (i64, String)> = HashMap::new();
    for ordinal in 1..=messages {
        for person in &people {
            let text = format!("m:{}:{ordinal}", person.id);
            let place = Place::private(person);
            let update = scene.system.bot.say(&place, person, &text).await.unwrap().update_id;
            said.insert(update, (person.id, text));
        }
    }
    wait_until_all_are_answered(&scene, said.len()).await;
    scene.settles().await;

    let deliveries = scene.system.bot.deliveries().await;
    assert!(deliveries.len() > said.len() + said.len() / 20, "updates were delivered again");
    let order: Vec<i64> = first_acknowledgements(&deliveries);
    assert!(some_overtook(&order, &said), "no update overtook another one of its chat");
    let mut history = taken_in(&order, &said);
    history.extend(declared(&scene).await);
    let unknown = sends_of_unknown_outcome(&scene).await;
    for message in scene.system.bot.sent().await {
        let conversation = message.chat_id.to_string();
        let marker = message.text.strip_prefix("echo: ").map(str::to_owned);
        let id = (message.chat_id, message.message_id);
        // The beginning of an answer that we never learned to have been shown.
        history.push(if marker.is_none() && unknown.contains(&id) {
            Event::Fragment { conversation }
        } else {
            Event::Delivered { conversation, marker, order: message.order, seen_ms: 0 }
        });
    }
    let entries: Vec<Entry> = history.into_iter().map(|event| Entry { at_ms: 0, event }).collect();
    let report = check(&entries);
    assert_eq!(report.acknowledged, said.len());
    assert_eq!(report.answered, said.len());
    assert_eq!(report.lost, [""; 0]);
    assert_eq!(report.reordered, []);
    assert_eq!(report.unexpected, [""; 0]);
    let undeclared: Vec<_> = report.duplicated.iter().filter(|found| !found.declared).collect();
    assert!(undeclared.is_empty(), "{undeclared:?}");
}

/// Redeliveries soon and late, updates that overtake each other, and a platform and a model that
/// fail now and then.
async fn misbehave(scene: &Scene) {
    for (target, probability, fault) in [
        ("webhook", 0.05, Fault::DuplicateUpdate),
        ("webhook", 0.05, Fault::RepeatOlderUpdate),
        ("webhook", 0.05, Fault::ReorderUpdates),
        ("sendMessage", 0.02, Fault::TooManyRequests { retry_after: 1 }),
        ("sendMessage", 0.01, Fault::ErrorAfter(500)),
        ("sendMessage", 0.01, Fault::CutAfter),
        ("sendMessage", 0.01, Fault::CutBefore),
    ] {
        let rule = Rule::new(target, When::Probability(probability), fault);
        scene.system.telegram.fault(rule).await;
    }
    let refused = Rule::new("openai", When::Probability(0.02), Fault::ErrorBefore(500));
    scene.system.model.fault(refused).await;
}

async fn wait_until_all_are_answered(scene: &Scene, expected: usize) {
    let (mut answered, mut newest) = (0, Instant::now());
    while answered < expected {
        assert!(newest.elapsed() < QUIET_LIMIT, "{answered} of {expected} are answered");
        tokio::time::sleep(LOOK_EVERY).await;
        let sent = scene.system.bot.sent().await;
        let texts: BTreeSet<&str> = sent.iter().map(|message| message.text.as_str()).collect();
        if texts.len() > answered {
            (answered, newest) = (texts.len(), Instant::now());
        }
    }
}

/// Messages that appeared although the platform said otherwise: chat and number.
async fn sends_of_unknown_outcome(scene: &Scene) -> BTreeSet<(i64, i64)> {
    let mut calls = scene.system.bot.calls_of("sendMessage").await;
    calls.retain(|call| call.committed && call.status != 200);
    let number = |call: &Call, at: &str| call.result.pointer(at)?.as_i64();
    calls
        .iter()
        .filter_map(|call| Some((number(call, "/chat/id")?, number(call, "/message_id")?)))
        .collect()
}

/// Updates in the order in which they were acknowledged first.
fn first_acknowledgements(deliveries: &[Delivery]) -> Vec<i64> {
    let mut seen = BTreeSet::new();
    let acknowledged = deliveries.iter().filter(|delivery| delivery.acknowledged());
    acknowledged.map(|found| found.update_id).filter(|update| seen.insert(*update)).collect()
}

/// Whether an update was taken before an older one of the same chat.
fn some_overtook(order: &[i64], said: &HashMap<i64, (i64, String)>) -> bool {
    let mut newest: HashMap<i64, i64> = HashMap::new();
    order.iter().filter_map(|update| Some((update, said.get(update)?))).any(
        |(update, (chat, _))| {
            let before = newest.insert(*chat, *update);
            before.is_some_and(|before| before > *update)
        },
    )
}

/// What was said, numbered within each conversation as it was taken: an update that came before
/// the one it should follow is answered before it, too.
fn taken_in(order: &[i64], said: &HashMap<i64, (i64, String)>) -> Vec<Event> {
    let mut ordinals: HashMap<i64, u64> = HashMap::new();
    let mut events = Vec::new();
    for (chat, marker) in order.iter().filter_map(|update| said.get(update)) {
        let ordinal = ordinals.entry(*chat).or_default();
        *ordinal += 1;
        let conversation = chat.to_string();
        events.push(Event::Submitted { conversation, ordinal: *ordinal, marker: marker.clone() });
        events.push(Event::Acknowledged { marker: marker.clone() });
    }
    events
}

/// Answers that the ledger says may have been sent twice.
async fn declared(scene: &Scene) -> Vec<Event> {
    let query = "select content from outbox where was_ambiguous or status = 'ambiguous'";
    let rows = scene.system.sql(query).await.unwrap();
    let markers = rows.lines().filter_map(|row| {
        let from = row.find("m:")?;
        let end = row[from..]
            .find(|letter: char| letter != 'm' && letter != ':' && !letter.is_ascii_digit());
        Some(row[from..end.map_or(row.len(), |end| from + end)].to_owned())
    });
    markers.map(|marker| Event::DeclaredAmbiguous { marker }).collect()
}
