//! Runs other people's programs against our fakes and against our API, and prints who is satisfied.
//!
//! `counterparts` runs all; `counterparts fakes` needs only the fakes, `counterparts api` the
//! binary, too. The exit code is 1 when somebody is not satisfied.
#![expect(clippy::print_stdout, reason = "the output of a command")]

use anyhow::Context as _;
use rookery_tests::counterpart::Workshop;
use rookery_tests::fake::fault::{Fault, Rule, When};
use rookery_tests::fake::http_client;
use rookery_tests::fake::model::{FakeModel, Wire};
use rookery_tests::fake::telegram::{BotHandle, FakeTelegram, Person, Place};
use rookery_tests::launch::free_port;
use rookery_tests::system::{API_KEY, Database, HOOK_SECRET, REPLY_LIMIT, Setup, System};
use std::process::ExitCode;
use std::time::Duration;

const TOKEN: &str = "700002:counterpart-token";
/// How long a program may take to come to the point that is waited for.
const STEP_LIMIT: Duration = Duration::from_secs(45);
/// How often a server that starts is asked whether it listens.
const START_POLL: Duration = Duration::from_millis(50);

type Verdict = (&'static str, anyhow::Result<()>);

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let only = std::env::args().nth(1);
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let workshop = Workshop::open().await?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    if wants("fakes") {
        verdicts.push(("grammY and the fake Bot API", bot(&workshop, "telegram.mjs").await));
        verdicts.push((
            "python-telegram-bot and the fake Bot API",
            bot(&workshop, "telegram_bot.py").await,
        ));
        verdicts.push((
            "openai for Node and the fake model",
            model(&workshop, "openai_chat.mjs").await,
        ));
        verdicts.push((
            "openai for Python and the fake model",
            model(&workshop, "openai_chat.py").await,
        ));
        verdicts.push((
            "anthropic for Python and the fake model",
            model(&workshop, "anthropic_chat.py").await,
        ));
    }
    if wants("api") {
        verdicts.push(("openai for Node and our API", api(&workshop, "openai_chat.mjs").await));
        verdicts.push(("openai for Python and our API", api(&workshop, "openai_chat.py").await));
        for (name, wire) in [
            ("aimock over the openai wire and our models", Wire::OpenAi),
            ("aimock over the anthropic wire and our models", Wire::Anthropic),
        ] {
            verdicts.push((name, aimock(&workshop, wire).await));
        }
    }
    let mut good = true;
    for (name, verdict) in &verdicts {
        match verdict {
            Ok(()) => println!("satisfied      {name}"),
            Err(error) => {
                good = false;
                println!("NOT SATISFIED  {name}\n{error:?}");
            }
        }
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A bot framework talks to the fake; the runner plays the person.
async fn bot(workshop: &Workshop, program: &str) -> anyhow::Result<()> {
    let fake = FakeTelegram::start().await?;
    let bot = fake.bot(TOKEN, "counterpart_bot").await?;
    // Of the messages that the fake takes, this one meets a flood.
    fake.fault(Rule::new("sendMessage", When::Nth(6), Fault::TooManyRequests { retry_after: 3 }))
        .await;
    let environment = [
        ("API_ROOT", fake.url()),
        ("TOKEN", TOKEN.to_owned()),
        ("HOOK_SECRET", HOOK_SECRET.to_owned()),
    ];
    tokio::try_join!(workshop.run(program, &environment), act(&bot))?;
    Ok(())
}

async fn act(bot: &BotHandle) -> anyhow::Result<()> {
    let person = Person::new(11, "Ana");
    let place = Place::private(&person);
    bot.say(&place, &person, "/start").await?;
    let buttons = bot.wait_for_text(place.chat_id, "press", STEP_LIMIT).await?;
    bot.press(&place, &person, (buttons.message_id, "yes")).await?;
    bot.wait_for_calls(STEP_LIMIT, |calls| calls.iter().any(|call| call.method == "setWebhook"))
        .await?;
    bot.say(&place, &person, "over the webhook").await?;
    Ok(())
}

async fn model(workshop: &Workshop, program: &str) -> anyhow::Result<()> {
    let fake = FakeModel::start().await?;
    let wire = if program.starts_with("anthropic") { Wire::Anthropic } else { Wire::OpenAi };
    let environment = [
        ("BASE_URL", fake.base_url(wire)),
        ("KEY", fake.key()),
        ("MODEL", "fake-1".to_owned()),
        ("SAYS", "echo: hello there".to_owned()),
        ("TOOLS", "1".to_owned()),
    ];
    workshop.run(program, &environment).await
}

/// The official SDK talks to an agent of a running system.
async fn api(workshop: &Workshop, program: &str) -> anyhow::Result<()> {
    let system = System::start(Setup::on(Database::Sqlite)).await?;
    let environment = [
        ("BASE_URL", format!("{}/v1", system.base())),
        ("KEY", API_KEY.to_owned()),
        ("MODEL", "helper".to_owned()),
        ("SAYS", "echo: hello there".to_owned()),
    ];
    workshop.run(program, &environment).await
}

/// A running system answers through somebody else's model server, with and without a tool.
async fn aimock(workshop: &Workshop, wire: Wire) -> anyhow::Result<()> {
    let port = free_port()?;
    let server = workshop.aimock(port)?;
    let root = format!("http://127.0.0.1:{port}");
    listens(&root).await?;
    let base = if wire == Wire::OpenAi { format!("{root}/v1") } else { root };
    let setup =
        Setup::on(Database::Sqlite).wire(wire).setting("LLM__PROVIDERS__MAIN__BASE_URL", &base);
    let system = System::start(setup).await?;
    let api = system.api()?;
    let plain = api.ask("helper", "hello there").await?;
    anyhow::ensure!(plain.contains("General Kenobi"), "the reply was {plain:?}");
    let with_tool = api.ask("helper", "what time is it").await?;
    anyhow::ensure!(with_tool.contains("It is time"), "the reply was {with_tool:?}");
    let person = Person::new(12, "Ben");
    let place = Place::private(&person);
    system.bot.say(&place, &person, "hello there").await?;
    system.bot.wait_for_text(place.chat_id, "General Kenobi, says the mock.", REPLY_LIMIT).await?;
    drop(server);
    Ok(())
}

async fn listens(root: &str) -> anyhow::Result<()> {
    let client = http_client(STEP_LIMIT)?;
    let asked = async {
        while client.get(root).send().await.is_err() {
            tokio::time::sleep(START_POLL).await;
        }
    };
    tokio::time::timeout(STEP_LIMIT, asked).await.context("the server does not listen")
}
