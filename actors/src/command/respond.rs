//! The answers.

use rookery_domain::agent::AgentProfile;
use rookery_domain::command::ChatCommand;
use rookery_domain::message::Reply;
use rookery_domain::tenant::DailyLimits;
use rookery_domain::usage::DayUsage;

/// What a command knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandSetting<'a> {
    pub(crate) agent: &'a AgentProfile,
    pub(crate) used: DayUsage,
    pub(crate) limits: DailyLimits,
    /// A turn of the session runs.
    pub(crate) running: bool,
}

/// What a command does besides its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandEffect {
    /// Nothing.
    None,
    /// The running turn is stopped.
    StopTurn,
    /// The running turn is stopped, and later turns see nothing from before.
    FreshContext,
}

/// Answers a command.
pub(crate) fn respond(
    command: ChatCommand,
    setting: &CommandSetting<'_>,
) -> (Reply, CommandEffect) {
    let (text, effect) = match command {
        ChatCommand::Start => (greeting(setting.agent), CommandEffect::None),
        ChatCommand::Help => (help(), CommandEffect::None),
        ChatCommand::New | ChatCommand::Reset => {
            ("A fresh start. What is it about?".to_owned(), CommandEffect::FreshContext)
        }
        ChatCommand::Stop if setting.running => ("Stopped.".to_owned(), CommandEffect::StopTurn),
        ChatCommand::Stop => ("There is nothing to stop.".to_owned(), CommandEffect::None),
        ChatCommand::Usage => (usage(setting), CommandEffect::None),
        ChatCommand::Privacy => (PRIVACY.to_owned(), CommandEffect::None),
    };
    (Reply::answer(text), effect)
}

/// The hint for a command we do not have.
pub(crate) fn unknown() -> Reply {
    Reply::answer("I don't know that command. Send /help for the list.")
}

const PRIVACY: &str = "I keep this conversation so that I can follow it: your messages, my answers, \
and the name and id this app shows me. They are used to answer you and for nothing else. Send /new \
and I no longer look at what was said before. To have it deleted, ask the team that runs me.";

fn greeting(agent: &AgentProfile) -> String {
    format!(
        "Hi, I'm {}. Write to me as you would to a person, for example:\n\n\
         - What can you help me with?\n\
         - Explain that in simpler words.\n\
         - Sum up what we said.\n\n\
         /help lists the commands, /privacy says what I keep.",
        agent.name
    )
}

fn help() -> String {
    let lines: Vec<String> = ChatCommand::ALL
        .into_iter()
        .map(|command| format!("- /{} – {}", command.name(), command.summary()))
        .collect();
    format!("Write to me in plain words, or send:\n\n{}", lines.join("\n"))
}

fn usage(setting: &CommandSetting<'_>) -> String {
    let of = |used: u64, limit: Option<u64>, noun: &str| match limit {
        Some(limit) => format!("{used} of {limit} {noun}"),
        None => format!("{used} {noun}"),
    };
    format!(
        "Used today (UTC): {}, {}.",
        of(setting.used.messages, setting.limits.messages, "messages"),
        of(setting.used.tokens, setting.limits.tokens, "tokens")
    )
}
