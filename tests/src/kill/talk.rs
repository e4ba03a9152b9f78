//! The conversations: people on the fake platform, and programs on our API that repeat a request
//! until it is accepted.

use super::marker::{self, Manner};
use super::options::Options;
use crate::client::{Api, NewMessage};
use crate::fake::telegram::{BotHandle, Person, Place};
use crate::history::{Event, History};
use crate::system::System;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How long a program waits before it repeats a request that was not accepted.
const REPEAT_AFTER: Duration = Duration::from_millis(50);
/// How often a program repeats a request until it gives up.
const REPEATS_MAX: u32 = 2_400;
/// Messages that may wait in one program.
const WAITING_MAX: usize = 100_000;

/// Everybody who talks.
#[derive(Debug)]
pub(super) struct Talk {
    people: Vec<(String, Person, Place)>,
    programs: Vec<(String, mpsc::Sender<String>)>,
    workers: Vec<JoinHandle<anyhow::Result<Vec<Run>>>>,
    ordinals: HashMap<String, u64>,
    /// Which update carries which message.
    pub(super) updates: HashMap<i64, String>,
    history: Arc<History>,
    bot: BotHandle,
    submitted: u64,
}

/// A message that our API accepted.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) conversation: String,
    pub(super) run_id: String,
}

impl Talk {
    pub(super) fn begin(
        system: &System,
        options: &Options,
        history: &Arc<History>,
    ) -> anyhow::Result<Self> {
        let people = (1..=options.chats)
            .map(|number| {
                let id = 1_000 + i64::try_from(number).unwrap_or(0);
                let person = Person::new(id, &format!("Person {number}"));
                let place = Place::private(&person);
                (format!("t{number}"), person, place)
            })
            .collect();
        let mut talk = Self {
            people,
            programs: Vec::new(),
            workers: Vec::new(),
            ordinals: HashMap::new(),
            updates: HashMap::new(),
            history: Arc::clone(history),
            bot: system.bot.clone(),
            submitted: 0,
        };
        for number in 1..=options.web_sessions {
            let name = format!("w{number}");
            let (sender, receiver) = mpsc::channel(WAITING_MAX);
            let worker = program(name.clone(), system.api()?, receiver, Arc::clone(history));
            talk.workers.push(tokio::spawn(worker));
            talk.programs.push((name, sender));
        }
        Ok(talk)
    }

    /// Sends so many messages, one conversation after the other; all in one manner if it is given.
    pub(super) async fn say(&mut self, count: u64, manner: Option<Manner>) -> anyhow::Result<()> {
        let everybody = self.people.len() + self.programs.len();
        for _ in 0..count {
            let turn = usize::try_from(self.submitted).unwrap_or(0) % everybody.max(1);
            self.submitted += 1;
            let manner = manner.unwrap_or_else(|| Manner::of(self.submitted));
            if let Some((name, person, place)) = self.people.get(turn).cloned() {
                let (marker, text) = self.next(&name, manner).await?;
                let said = self.bot.say(&place, &person, &text).await?;
                self.updates.insert(said.update_id, marker);
            } else if let Some((name, sender)) =
                self.programs.get(turn - self.people.len()).cloned()
            {
                let (_, text) = self.next(&name, manner).await?;
                sender.send(text).await?;
            }
        }
        Ok(())
    }

    async fn next(
        &mut self,
        conversation: &str,
        manner: Manner,
    ) -> anyhow::Result<(String, String)> {
        let ordinal = self.ordinals.entry(conversation.to_owned()).or_default();
        *ordinal += 1;
        let ordinal = *ordinal;
        let marker = marker::marker(conversation, ordinal);
        let text = marker::text(&marker, manner);
        self.history
            .record(Event::Submitted {
                conversation: conversation.to_owned(),
                ordinal,
                marker: marker.clone(),
            })
            .await?;
        Ok((marker, text))
    }

    /// Messages said on the fake platform so far.
    pub(super) fn said_on_platform(&self) -> usize {
        self.updates.len()
    }

    /// The conversation of a chat.
    pub(super) fn conversation_of(&self, chat_id: i64) -> Option<&str> {
        self.people
            .iter()
            .find(|(_, person, _)| person.id == chat_id)
            .map(|(name, ..)| name.as_str())
    }

    /// Waits until every program has its requests accepted, and returns the runs.
    pub(super) async fn finish_programs(&mut self) -> anyhow::Result<Vec<Run>> {
        self.programs.clear();
        let mut runs = Vec::new();
        for worker in std::mem::take(&mut self.workers) {
            runs.extend(worker.await??);
        }
        Ok(runs)
    }
}

/// One program: its requests carry an idempotency key, so a repeat after a lost answer is harmless.
async fn program(
    name: String,
    api: Api,
    mut texts: mpsc::Receiver<String>,
    history: Arc<History>,
) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    while let Some(text) = texts.recv().await {
        let marker = marker::find(&text).unwrap_or_default().to_owned();
        let message = NewMessage::text(text).in_session(&name);
        let mut repeats = 0_u32;
        let accepted = loop {
            match api.send("helper", &message, &marker).await {
                Ok(accepted) => break accepted,
                Err(error) if repeats >= REPEATS_MAX => {
                    return Err(error.context(format!("{marker} was never accepted")));
                }
                Err(_not_yet) => {
                    repeats += 1;
                    tokio::time::sleep(REPEAT_AFTER).await;
                }
            }
        };
        history.record(Event::Acknowledged { marker }).await?;
        runs.push(Run { conversation: name.clone(), run_id: accepted.run_id });
    }
    Ok(runs)
}
