//! Conversations: each sends a message, waits for its reply, and sends the next one.

use super::connection::Connection;
use super::ingest::Hook;
use crate::outside::{Board, text_update};
use crate::statistics::{Sample, millis, real};
use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest a reply may take.
const REPLY_LIMIT: Duration = Duration::from_secs(30);

/// Who talks.
#[derive(Debug, Clone)]
pub struct Talk {
    /// The first conversation's number.
    pub first: usize,
    /// How many.
    pub conversations: usize,
    /// The starts are spread over this time, so that they do not all come at once.
    pub spread: Duration,
    /// For how long.
    pub window: Duration,
    /// Every message opens a conversation of its own; `first` and on are used up, at most so many
    /// for each talker.
    pub fresh: Option<usize>,
}

impl Talk {
    /// So many at once, each in one conversation, from number 0 on.
    pub const fn of(conversations: usize, window: Duration) -> Self {
        Self { first: 0, conversations, spread: Duration::ZERO, window, fresh: None }
    }
}

/// One turn, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct TurnTimes {
    /// Delivery to acknowledgement.
    pub acknowledged: f64,
    /// Delivery to the platform's being called.
    pub whole: f64,
    /// The same without the model's own time.
    pub overhead: f64,
}

/// What came of conversations.
#[derive(Debug)]
pub struct Turns {
    /// Turns per second: replies taken by the platform.
    pub per_second: f64,
    /// How many.
    pub count: u64,
    /// Milliseconds from a delivery to its reply.
    pub whole_ms: Sample,
    /// Milliseconds added to the model's own.
    pub overhead_ms: Sample,
}

/// Lets conversations talk.
pub async fn converse(hook: &Hook, board: &Arc<Board>, talk: &Talk) -> anyhow::Result<Turns> {
    if talk.conversations == 0 {
        bail!("nobody to talk");
    }
    let began = Instant::now();
    let step = talk.spread / u32::try_from(talk.conversations)?;
    let talkers = (0..talk.conversations).map(|number| {
        let talker = Talker { hook: hook.clone(), board: Arc::clone(board), talk: talk.clone() };
        let start = began + step.saturating_mul(u32::try_from(number).unwrap_or(0));
        tokio::spawn(async move {
            tokio::time::sleep_until(start).await;
            talker.talk(number, began).await
        })
    });
    let mut times = Vec::new();
    for talked in try_join_all(talkers).await? {
        times.extend(talked?);
    }
    let took = began.elapsed();
    let count = u64::try_from(times.len())?;
    Ok(Turns {
        per_second: real(count) / took.as_secs_f64(),
        count,
        whole_ms: Sample::of(times.iter().map(|turn| turn.whole)),
        overhead_ms: Sample::of(times.iter().map(|turn| turn.overhead)),
    })
}

struct Talker {
    hook: Hook,
    board: Arc<Board>,
    talk: Talk,
}

impl Talker {
    async fn talk(&self, number: usize, began: Instant) -> anyhow::Result<Vec<TurnTimes>> {
        let mut connection = Connection::to(&self.hook.base).await?;
        let mut times = Vec::new();
        while began.elapsed() < self.talk.window {
            let conversation = match self.talk.fresh {
                None => self.talk.first + number,
                Some(most) if times.len() < most => self.talk.first + number * most + times.len(),
                Some(_) => break,
            };
            times.push(turn(&self.hook, &self.board, &mut connection, conversation).await?);
        }
        Ok(times)
    }
}

/// Sends one message and waits for its reply.
pub async fn turn(
    hook: &Hook,
    board: &Board,
    connection: &mut Connection,
    conversation: usize,
) -> anyhow::Result<TurnTimes> {
    let before = board.calls_of(conversation);
    let update = text_update(hook.next_update(), conversation);
    let sent = board.now();
    let response = connection.post(&hook.path, &hook.headers, &update).await?;
    let acknowledged = board.now();
    if response.status != 200 {
        bail!("a delivery was answered with {}", response.status);
    }
    let moments = board
        .wait_for_call(conversation, before, REPLY_LIMIT)
        .await
        .context("a turn was not answered")?;
    let model = moments.answered.saturating_sub(moments.asked);
    let whole = moments.called.saturating_sub(sent);
    Ok(TurnTimes {
        acknowledged: millis(acknowledged.saturating_sub(sent)),
        whole: millis(whole),
        overhead: millis(whole.saturating_sub(model)),
    })
}
