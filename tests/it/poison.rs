//! One conversation is poison: the others, of its tenant and of another one, do not feel it.

use crate::scene::{Scene, figures};
use rookery_domain::kill_point::KillPoint;
use rookery_tests::fake::model::{Answer, ToolUse, echo};
use rookery_tests::fake::telegram::{BotHandle, Person, Place};
use rookery_tests::launch::{KillPlan, Started};
use rookery_tests::system::{Database, REPLY_LIMIT, Setup};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

on_both_databases!(
    turns_that_panic_become_dead_letters_and_the_neighbours_are_as_fast_as_before,
    a_conversation_whose_model_never_ends_does_not_slow_its_neighbours_down,
    a_message_that_ends_the_process_again_and_again_becomes_a_dead_letter,
);

const RIVAL_TOKEN: &str = "700002:rival-test-token";
/// Conversations of each tenant beside the poison.
const NEIGHBOURS: i64 = 4;
/// Times that they are measured with and without it, in turn: what else the machine does then
/// touches both.
const ROUNDS: usize = 4;
/// Questions of each of them in one measurement.
const QUESTIONS: usize = 8;
/// How much slower the neighbours may be, in percent of what they were.
const SLOWER_PERCENT_MAX: u32 = 150;
/// What a measurement of a few milliseconds may vary by.
const ALLOWANCE: Duration = Duration::from_millis(150);
/// Crashes of a message until it is a dead letter, by default.
const CRASHES_MAX: usize = 3;
/// Restarts that take a turn up again, in the test that ends the process.
const RESUMES_MAX: u32 = 3;
const DEAD: &str = "select count(*) from inbox where outcome = 'dead'";
/// What makes the model use a tool, which the poisoned binary does not survive.
const POISON: &str = "poison [tool calculator {\"expression\":\"6*7\"}]";

async fn turns_that_panic_become_dead_letters_and_the_neighbours_are_as_fast_as_before(
    database: Database,
) {
    let scene = Scene::with(Setup::on(database).poisoned()).await;
    let before_and_beside = measure(&scene, POISON).await;
    let poisoned = before_and_beside.poisoned;
    before_and_beside.judge();

    // Told what happened, as often as it was said.
    let told = scene.texts().await;
    assert_eq!(told.len(), poisoned, "{told:?}");
    let calls = scene.system.model.calls().await;
    let asked = calls.iter().filter(|call| call.ask.last_user() == POISON).count();
    assert!(asked <= poisoned * CRASHES_MAX, "{asked} calls for {poisoned} messages");
    assert_eq!(scene.system.sql(DEAD).await.unwrap(), poisoned.to_string());
    let letters = letters(&scene).await;
    assert_eq!(letters.len(), poisoned);
    for letter in letters {
        assert!(letter["error"].as_str().unwrap().contains("crashed"), "{letter}");
    }
    scene.asks_and_reads("and now?", "echo: and now?").await;
}

async fn a_conversation_whose_model_never_ends_does_not_slow_its_neighbours_down(
    database: Database,
) {
    let scene = Scene::on(database).await;
    scene
        .system
        .model
        .script(Arc::new(|ask| match ask.last_user() {
            "loop" => Answer {
                tools: vec![ToolUse {
                    name: "calculator".to_owned(),
                    arguments: json!({ "expression": "6*7" }),
                }],
                ..Answer::default()
            },
            _ => echo(ask),
        }))
        .await;
    let before_and_beside = measure(&scene, "loop").await;
    let poisoned = before_and_beside.poisoned;
    before_and_beside.judge();
    let told = scene.texts().await;
    assert_eq!(told.len(), poisoned, "{told:?}");
    assert!(told.iter().all(|text| text.contains("(E-1")), "{told:?}");
}

async fn a_message_that_ends_the_process_again_and_again_becomes_a_dead_letter(database: Database) {
    let setup = Setup::on(database).setting("LIMITS__RESUMES_MAX", &RESUMES_MAX.to_string());
    let mut scene = Scene::with(setup).await;
    scene.system.process().unwrap().kill().await.unwrap();
    scene.say("deadly").await;
    let plan = KillPlan { point: KillPoint::K4ModelAsked, pass: 1 };
    let mut deaths = 0;
    while !survives(&scene, plan).await {
        deaths += 1;
        assert!(deaths <= 1 + RESUMES_MAX, "resumed more often than it may be");
    }
    assert!(deaths >= RESUMES_MAX, "given up after {deaths} of 1 + {RESUMES_MAX} attempts");
    scene.system.serve(None).await.unwrap();
    scene.settles().await;
    let outcomes = scene.system.sql("select outcome from inbox").await.unwrap();
    assert_eq!(outcomes, "dead");
    assert_eq!(letters(&scene).await.len(), 1);
    let told = scene.texts().await;
    assert!(told.len() == 1 && told[0].contains("(E-"), "{told:?}");
    scene.asks_and_reads("and now?", "echo: and now?").await;
}

/// One life of the process: `false` if it died of the message, `true` if it gave it up.
async fn survives(scene: &Scene, plan: KillPlan) -> bool {
    let mut process = match scene.system.launch.start(Some(plan)).await.unwrap() {
        Started::Ready(process) => process,
        Started::Ended { .. } => return false,
    };
    tokio::select! {
        ended = process.ended(REPLY_LIMIT) => drop(ended.unwrap()),
        () = scene.sql_becomes(DEAD, "1") => {
            process.kill().await.unwrap();
            return true;
        }
    }
    false
}

/// What `rookery dead-letters list` prints.
async fn letters(scene: &Scene) -> Vec<Value> {
    let listed = scene.system.launch.run(&["dead-letters", "list"]).await.unwrap();
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    serde_json::from_str(&listed.stdout).unwrap()
}

/// How long the neighbours waited for their answers.
struct Waits {
    alone: Vec<Duration>,
    beside: Vec<Duration>,
    poisoned: usize,
}

impl Waits {
    fn judge(mut self) {
        self.alone.sort_unstable();
        self.beside.sort_unstable();
        for percent in [50, 99] {
            let [alone, beside] =
                [&self.alone, &self.beside].map(|waits| waits[(waits.len() - 1) * percent / 100]);
            figures(&format!("p{percent}: {alone:?}, beside poison {beside:?}"));
            let most = alone * SLOWER_PERCENT_MAX / 100 + ALLOWANCE;
            assert!(beside <= most, "p{percent}: {beside:?}, without the poison {alone:?}");
        }
    }
}

/// The neighbours' waits without poison and with Ana saying it again and again.
async fn measure(scene: &Scene, poison: &str) -> Waits {
    let bots = [scene.system.bot.clone(), rival(scene).await];
    ask_all(&bots).await;
    let mut waits = Waits { alone: Vec::new(), beside: Vec::new(), poisoned: 0 };
    for _ in 0..ROUNDS {
        waits.alone.extend(ask_all(&bots).await);
        let (beside, poisoned) = beside(scene, &bots, (poison, waits.poisoned)).await;
        waits.beside.extend(beside);
        waits.poisoned = poisoned;
    }
    waits
}

/// One measurement with poison, and how often it was said by then.
async fn beside(
    scene: &Scene,
    bots: &[BotHandle],
    (poison, before): (&str, usize),
) -> (Vec<Duration>, usize) {
    let over = AtomicBool::new(false);
    let says = async {
        let mut said = before;
        while !over.load(Ordering::SeqCst) || said == before {
            scene.say(poison).await;
            said += 1;
            let chat = scene.chat.chat_id;
            let told = scene.system.bot.wait_for_sent(REPLY_LIMIT, |sent| {
                (sent.iter().filter(|message| message.chat_id == chat).count() >= said)
                    .then_some(())
            });
            told.await.unwrap();
        }
        said
    };
    let asks = async {
        let waits = ask_all(bots).await;
        over.store(true, Ordering::SeqCst);
        waits
    };
    let (said, waits) = tokio::join!(says, asks);
    scene.settles().await;
    (waits, said)
}

/// Another tenant with a bot of its own.
async fn rival(scene: &Scene) -> BotHandle {
    let bot = scene.system.telegram.bot(RIVAL_TOKEN, "rival_bot").await.unwrap();
    let tenant = format!(
        "[tenant]\nslug = \"rival\"\nname = \"Rival\"\n\n\
         [[agents]]\nslug = \"clerk\"\nname = \"Clerk\"\ninstructions = \"x\"\n\n\
         [[connections]]\nslug = \"tg\"\nchannel = \"telegram\"\nagent = \"clerk\"\n\
         mode = \"webhook\"\ntoken = {{ value = \"{RIVAL_TOKEN}\" }}\n\
         webhook_secret = {{ value = \"rival-secret\" }}\n"
    );
    scene.system.apply(&tenant).await.unwrap();
    let connected = |calls: &[rookery_tests::fake::telegram::Call]| {
        calls.iter().any(|call| call.method == "setWebhook")
    };
    bot.wait_for_calls(REPLY_LIMIT, connected).await.unwrap();
    bot
}

/// Every neighbour asks, reads the answer, and asks again.
async fn ask_all(bots: &[BotHandle]) -> Vec<Duration> {
    let people = (0..NEIGHBOURS).map(|number| Person::new(1_500 + number, "Ben"));
    let neighbours: Vec<_> = people
        .flat_map(|person| bots.iter().map(move |bot| (bot, person.clone())))
        .map(|(bot, person)| ask(bot, person))
        .collect();
    futures::future::join_all(neighbours).await.concat()
}

async fn ask(bot: &BotHandle, person: Person) -> Vec<Duration> {
    let place = Place::private(&person);
    let mut waits = Vec::new();
    for _ in 0..QUESTIONS {
        let read = bot.sent_to(place.chat_id).await.len();
        let began = Instant::now();
        bot.say(&place, &person, "hello").await.unwrap();
        let more = bot.wait_for_sent(REPLY_LIMIT, |sent| {
            let chat = place.chat_id;
            (sent.iter().filter(|message| message.chat_id == chat).count() > read).then_some(())
        });
        more.await.unwrap();
        waits.push(began.elapsed());
    }
    waits
}
