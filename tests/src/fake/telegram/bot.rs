//! What a test sees of one bot: what it did, and what became of its webhook.

use super::call::{Call, Delivery};
use super::chat::SentMessage;
use super::server::Inner;
use super::state::Bot;
use anyhow::Context as _;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// One bot of a fake server.
#[derive(Debug, Clone)]
pub struct BotHandle {
    pub(super) inner: Arc<Inner>,
    pub(super) token: String,
}

impl BotHandle {
    pub(super) const fn new(inner: Arc<Inner>, token: String) -> Self {
        Self { inner, token }
    }

    /// Its token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its calls, in order.
    pub async fn calls(&self) -> Vec<Call> {
        let state = self.inner.state.lock().await;
        let Some(bot) = state.bots.get(&self.token) else {
            return Vec::new();
        };
        let own = |call: &&Call| call.bot == bot.username;
        state.calls.iter().filter(own).cloned().collect()
    }

    /// Its calls of one method, in order.
    pub async fn calls_of(&self, method: &str) -> Vec<Call> {
        let mut calls = self.calls().await;
        calls.retain(|call| call.method == method);
        calls
    }

    /// Deliveries to its webhook, in order.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        let state = self.inner.state.lock().await;
        let Some(bot) = state.bots.get(&self.token) else {
            return Vec::new();
        };
        let own = |delivery: &&Delivery| delivery.bot == bot.username;
        state.deliveries.iter().filter(own).cloned().collect()
    }

    /// Every message it sent, as it stands now, in the order of appearance.
    pub async fn sent(&self) -> Vec<SentMessage> {
        let state = self.inner.state.lock().await;
        let Some(bot) = state.bots.get(&self.token) else {
            return Vec::new();
        };
        let mut sent: Vec<SentMessage> =
            bot.chats.values().flat_map(|chat| chat.sent.values().cloned()).collect();
        sent.sort_by_key(|message| message.order);
        sent
    }

    /// The messages it sent to one chat.
    pub async fn sent_to(&self, chat_id: i64) -> Vec<SentMessage> {
        let mut sent = self.sent().await;
        sent.retain(|message| message.chat_id == chat_id);
        sent
    }

    /// The commands it registered.
    pub async fn commands(&self) -> Value {
        let state = self.inner.state.lock().await;
        state.bots.get(&self.token).map_or(Value::Null, |bot| bot.commands.clone())
    }

    /// Its webhook: URL and secret.
    pub async fn webhook(&self) -> Option<(String, Option<String>)> {
        let state = self.inner.state.lock().await;
        let webhook = state.bots.get(&self.token)?.webhook.as_ref()?;
        Some((webhook.url.clone(), webhook.secret.clone()))
    }

    /// Updates that nobody has taken yet.
    pub async fn pending_updates(&self) -> usize {
        let state = self.inner.state.lock().await;
        state.bots.get(&self.token).map_or(0, |bot| bot.pending.len())
    }

    /// Waits until `found` finds something among the sent messages.
    pub async fn wait_for_sent<T>(
        &self,
        limit: Duration,
        found: impl Fn(&[SentMessage]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                if let Some(value) = found(&self.sent().await) {
                    return Ok(value);
                }
                changes.changed().await.context("the fake Bot API ended")?;
            }
        };
        match tokio::time::timeout(limit, search).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let seen: Vec<_> = self.sent().await.into_iter().map(|sent| sent.text).collect();
                anyhow::bail!("not sent within {limit:?}; sent were {seen:?}")
            }
        }
    }

    /// Waits until a message in a chat has exactly this text.
    pub async fn wait_for_text(
        &self,
        chat_id: i64,
        text: &str,
        limit: Duration,
    ) -> anyhow::Result<SentMessage> {
        self.wait_for_sent(limit, |sent| {
            sent.iter().find(|message| message.chat_id == chat_id && message.text == text).cloned()
        })
        .await
        .with_context(|| format!("waiting for {text:?} in chat {chat_id}"))
    }

    /// Waits until `holds` is true of the bot's calls.
    pub async fn wait_for_calls(
        &self,
        limit: Duration,
        holds: impl Fn(&[Call]) -> bool,
    ) -> anyhow::Result<Vec<Call>> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                let calls = self.calls().await;
                if holds(&calls) {
                    return Ok(calls);
                }
                changes.changed().await.context("the fake Bot API ended")?;
            }
        };
        match tokio::time::timeout(limit, search).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let seen: Vec<_> = self.calls().await.into_iter().map(|call| call.method).collect();
                anyhow::bail!("not called within {limit:?}; calls were {seen:?}")
            }
        }
    }

    /// Waits until the webhook took an update, and returns all attempts for it.
    pub async fn wait_for_acknowledgement(
        &self,
        update_id: i64,
        limit: Duration,
    ) -> anyhow::Result<Vec<Delivery>> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                let mut attempts = self.deliveries().await;
                attempts.retain(|delivery| delivery.update_id == update_id);
                if attempts.iter().any(Delivery::acknowledged) {
                    return Ok(attempts);
                }
                changes.changed().await.context("the fake Bot API ended")?;
            }
        };
        tokio::time::timeout(limit, search)
            .await
            .with_context(|| format!("update {update_id} was not acknowledged within {limit:?}"))?
    }

    pub(super) async fn with_bot<T>(
        &self,
        change: impl FnOnce(&mut Bot) -> T,
    ) -> anyhow::Result<T> {
        let mut state = self.inner.state.lock().await;
        let bot = state.bots.get_mut(&self.token).context("the bot is gone")?;
        let value = change(bot);
        drop(state);
        self.inner.changed();
        Ok(value)
    }
}
