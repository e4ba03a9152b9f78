//! Too much at once, and models that never answer.

use crate::hostile::{SECRET_HEADER, update_in};
use crate::scene::{Scene, answers, figures};
use rookery_tests::build::is_release;
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::http_client;
use rookery_tests::fake::model::Answer;
use rookery_tests::fake::telegram::{Person, Place};
use rookery_tests::system::{Database, HOOK_SECRET, REPLY_LIMIT, Setup};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

on_both_databases!(
    a_full_lane_answers_503_and_when_to_come_back_and_loses_nothing,
    three_times_too_much_is_refused_in_part_and_what_is_taken_is_answered_once,
);

/// Rows that a tenant may have under way, so that too much is refused soon.
const LANE_ROWS_MAX: &str = "64";
/// Chats that too many messages come from.
const CHATS: i64 = 40;
/// How much more than what is worked off.
const TIMES: u32 = 3;
/// The promised time until an accepted update is acknowledged, for 99 of 100.
const ACKNOWLEDGEMENT_MAX: Duration = Duration::from_millis(500);
/// The same where the process is not optimised and shares the machine with other tests.
const UNOPTIMISED_ACKNOWLEDGEMENT_MAX: Duration = Duration::from_secs(2);
/// The most memory that the process may take, in bytes. It is not optimised here.
const RESIDENT_BYTES_MAX: u64 = 256 << 20;

async fn three_times_too_much_is_refused_in_part_and_what_is_taken_is_answered_once(
    database: Database,
) {
    overload(database, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes ten minutes"]
async fn ten_minutes_of_three_times_too_much_on_sqlite() {
    overload(Database::Sqlite, Duration::from_mins(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes ten minutes"]
async fn ten_minutes_of_three_times_too_much_on_postgresql() {
    overload(Database::Postgres, Duration::from_mins(10)).await;
}

async fn overload(database: Database, lasting: Duration) {
    let setup = Setup::on(database).setting("LIMITS__LANE_ROWS_MAX", LANE_ROWS_MAX);
    let mut scene = Scene::with(setup).await;
    let people: Vec<Person> =
        (0..CHATS).map(|number| Person::new(900 + number, "Somebody")).collect();
    let per_second = capacity(&scene, &people).await * TIMES;
    let load = Load::new(&scene, per_second);
    let posted = load.run(lasting, people).await;

    let (accepted, refused): (Vec<_>, Vec<_>) = posted.iter().partition(|post| post.status == 200);
    assert!(refused.len() > posted.len() / 10, "{} of {}", refused.len(), posted.len());
    assert!(!accepted.is_empty());
    for post in &refused {
        assert!(matches!(post.status, 429 | 503), "{post:?}");
        assert!(post.retry_after.is_some_and(|seconds| seconds >= 1), "{post:?}");
    }
    let slow = slowest_but(&accepted, 100);
    let promised = if is_release() { ACKNOWLEDGEMENT_MAX } else { UNOPTIMISED_ACKNOWLEDGEMENT_MAX };
    assert!(slow <= promised, "{slow:?} until an acknowledgement");
    let chosen: BTreeSet<String> =
        accepted.iter().map(|post| format!("echo: {}", post.text)).collect();
    scene.settles().await;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for message in scene.system.bot.sent().await {
        *answers.entry(message.text).or_default() += 1;
    }
    let missing: Vec<_> = chosen.iter().filter(|text| !answers.contains_key(*text)).collect();
    assert!(missing.is_empty(), "accepted and not answered: {missing:?}");
    let repeated: Vec<_> = answers.iter().filter(|(_, copies)| **copies > 1).collect();
    assert!(repeated.is_empty(), "{repeated:?}");
    let resident = scene.system.process().unwrap().resident_bytes_max().unwrap();
    figures(&format!(
        "{} at {per_second}/s: {} accepted (99 of 100 within {slow:?}), {} refused, {} MiB",
        database.name(),
        accepted.len(),
        refused.len(),
        resident >> 20
    ));
    assert!(resident <= RESIDENT_BYTES_MAX, "{} MiB", resident >> 20);
    scene.asks_and_reads("still there?", "echo: still there?").await;
}

/// How many messages a second are answered when there is always one more.
async fn capacity(scene: &Scene, people: &[Person]) -> u32 {
    let count = 10 * people.len();
    let began = Instant::now();
    for round in 0..10 {
        for person in people {
            let text = format!("warm {}:{round}", person.id);
            scene.system.bot.say(&Place::private(person), person, &text).await.unwrap();
        }
    }
    let all =
        scene.system.bot.wait_for_sent(2 * REPLY_LIMIT, |sent| (sent.len() >= count).then_some(()));
    all.await.unwrap();
    let millis = began.elapsed().as_millis().max(1);
    u32::try_from(count).unwrap() * 1_000 / u32::try_from(millis).unwrap() + 1
}

/// Posts updates at a steady rate, whatever becomes of those before.
struct Load {
    hook: String,
    client: reqwest::Client,
    per_second: u32,
}

#[derive(Debug)]
struct Posted {
    text: String,
    status: u16,
    retry_after: Option<u64>,
    took: Duration,
}

impl Load {
    fn new(scene: &Scene, per_second: u32) -> Self {
        let client = http_client(Duration::from_secs(30)).unwrap();
        Self { hook: scene.system.hook_url().unwrap(), client, per_second }
    }

    async fn run(&self, lasting: Duration, people: Vec<Person>) -> Vec<Posted> {
        let mut clock = tokio::time::interval(Duration::from_secs(1) / self.per_second);
        let mut posts = tokio::task::JoinSet::new();
        let deadline = Instant::now() + lasting;
        let chats = people.iter().map(|person| person.id).cycle();
        for (number, chat) in (1_000_000..).zip(chats) {
            clock.tick().await;
            if Instant::now() > deadline {
                break;
            }
            let text = format!("load {number}");
            let request = self.client.post(&self.hook).header(SECRET_HEADER, HOOK_SECRET);
            let request = request.body(update_in(chat, number, &text));
            posts.spawn(post(request, text));
        }
        posts.join_all().await
    }
}

async fn post(request: reqwest::RequestBuilder, text: String) -> Posted {
    let began = Instant::now();
    let response = request.send().await.unwrap();
    let retry_after = response.headers().get("retry-after");
    Posted {
        text,
        status: response.status().as_u16(),
        retry_after: retry_after.and_then(|value| value.to_str().ok()?.parse().ok()),
        took: began.elapsed(),
    }
}

/// The longest time but for one in so many.
fn slowest_but(posts: &[&Posted], one_in: usize) -> Duration {
    let mut times: Vec<Duration> = posts.iter().map(|post| post.took).collect();
    times.sort_unstable();
    times[times.len() - 1 - times.len() / one_in]
}

async fn a_full_lane_answers_503_and_when_to_come_back_and_loses_nothing(database: Database) {
    let setup = Setup::on(database).setting("LIMITS__LANE_ROWS_MAX", "4");
    let scene = Scene::with(setup).await;
    answers(&scene.system.model, |ask| Answer {
        pause: Duration::from_millis(20),
        ..Answer::text(&format!("echo: {}", ask.last_user()))
    })
    .await;
    let people: Vec<Person> =
        (0..24).map(|number| Person::new(600 + number, &format!("Person {number}"))).collect();
    for person in &people {
        scene.system.bot.say(&Place::private(person), person, "hello").await.unwrap();
    }
    let all = scene
        .system
        .bot
        .wait_for_sent(REPLY_LIMIT, |sent| (sent.len() >= people.len()).then(|| sent.to_vec()));
    let all = all.await.unwrap();
    assert_eq!(all.len(), people.len(), "everybody is answered once");
    let deliveries = scene.system.bot.deliveries().await;
    let refused: Vec<_> = deliveries.iter().filter(|found| !found.acknowledged()).collect();
    assert!(!refused.is_empty(), "24 messages fit a lane of 4");
    for delivery in refused {
        assert_eq!(delivery.status, Some(503));
        assert!(delivery.retry_after.is_some_and(|seconds| seconds >= 1), "{delivery:?}");
    }
}

#[tokio::test]
async fn a_model_that_never_answers_is_told_to_people_in_time() {
    let setup = Setup::on(Database::Sqlite)
        .setting("LLM__FIRST_BYTE_MAX", "1s")
        .setting("LLM__IDLE_MAX", "1s");
    let scene = Scene::with(setup).await;
    scene.system.model.fault(Rule::new("openai", When::Always, Fault::Hang)).await;
    let began = Instant::now();
    scene.say("hello").await;
    scene.reads_part("(E-10").await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    scene.settles().await;
    assert_eq!(scene.texts().await.len(), 1, "one clear message");
}

#[tokio::test]
async fn one_stuck_conversation_does_not_hold_up_the_others() {
    let scene = Scene::on(Database::Sqlite).await;
    answers(&scene.system.model, |ask| Answer {
        pause: if ask.last_user() == "stuck" { Duration::from_mins(1) } else { Duration::ZERO },
        ..Answer::text(&format!("echo: {}", ask.last_user()))
    })
    .await;
    scene.say("stuck").await;
    scene.system.model.wait_for_calls(REPLY_LIMIT, |calls| calls.len() == 1).await.unwrap();
    for number in 0..5 {
        let person = Person::new(700 + number, "Ben");
        let place = Place::private(&person);
        let began = Instant::now();
        scene.system.bot.say(&place, &person, "hello").await.unwrap();
        let limit = Duration::from_secs(5);
        scene.system.bot.wait_for_text(place.chat_id, "echo: hello", limit).await.unwrap();
        assert!(began.elapsed() < limit);
    }
}
