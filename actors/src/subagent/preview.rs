//! Showing that something happens: live parts where clients watch, typing and a growing message
//! where a platform has them. Nothing here is durable but that a growing message is opened, and its id,
//! which the reply finishes by an edit.

use super::journal::{Journal, Stream};
use super::turn::TurnSpec;
use crate::channel::ChannelHandle;
use crate::connections::Opened;
use crate::overseer::SessionCounter;
use crate::shared::Shared;
use rookery_domain::id::{InboxId, OutboxId, SessionId};
use rookery_domain::live::{LiveBody, LiveEvent};
use rookery_domain::message::ReplyTarget;
use rookery_domain::ports::DeliveryError;
use rookery_domain::turn::TurnStep;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Live parts shown of one answer; further text arrives with the whole message.
const LIVE_PARTS_MAX: u32 = 10_000;

/// The answer as it grows.
#[derive(Debug)]
pub(super) struct Telling {
    text: watch::Sender<String>,
    live: Option<LiveParts>,
    pushed: Option<JoinHandle<Stream>>,
    /// Ends the waiting for a platform's limits, with the turn however it ends; a call under way is
    /// let finish.
    stop: DropGuard,
}

#[derive(Debug)]
struct LiveParts {
    shared: Shared,
    counter: Arc<SessionCounter>,
    session: SessionId,
    runs: Vec<InboxId>,
    left: u32,
}

impl Telling {
    /// Begins to show a turn's answer. `stream` is the growing message of an earlier attempt.
    pub(super) fn start(
        shared: &Shared,
        spec: &TurnSpec,
        journal: &Arc<Journal>,
        stream: Stream,
    ) -> Self {
        let (text, watcher) = watch::channel(String::new());
        let stop = CancellationToken::new();
        let pulled = spec.place.opened.halves.delivery.capabilities().pulled;
        if pulled {
            let live = LiveParts {
                shared: shared.clone(),
                counter: Arc::clone(&spec.counter),
                session: spec.place.id,
                runs: spec.inputs.iter().map(|input| input.id).collect(),
                left: LIVE_PARTS_MAX,
            };
            return Self { text, live: Some(live), pushed: None, stop: stop.drop_guard() };
        }
        let screen = Screen {
            shared: shared.clone(),
            opened: Arc::clone(&spec.place.opened),
            channel: spec.channel.clone(),
            session: spec.place.id,
            target: spec.reply_target().clone(),
            journal: Arc::clone(journal),
            stream,
            stop: stop.clone(),
        };
        let pushed = shared.tasks.spawn(screen.run(watcher));
        Self { text, live: None, pushed: Some(pushed), stop: stop.drop_guard() }
    }

    /// The answer grew.
    pub(super) fn grew(&mut self, part: String) {
        self.text.send_modify(|text| text.push_str(&part));
        let Some(live) = &mut self.live else { return };
        if live.left > 0 {
            live.left -= 1;
            let seq = live.counter.next_live();
            let event =
                LiveEvent { seq, runs: live.runs.clone(), body: LiveBody::Delta { text: part } };
            live.shared.services.live.publish(live.session, event);
        }
    }

    /// The answer starts over (the model turned to its tools).
    pub(super) fn restart(&self) {
        self.text.send_modify(String::clear);
    }

    /// What was said so far.
    pub(super) fn so_far(&self) -> String {
        self.text.borrow().clone()
    }

    /// Ends the showing and says what is known of the growing message.
    pub(super) async fn finish(self) -> Stream {
        drop((self.stop, self.text));
        let Some(pushed) = self.pushed else { return Stream::None };
        pushed.await.unwrap_or(Stream::Doubtful)
    }
}

/// A platform's side of a growing answer.
#[derive(Debug)]
struct Screen {
    shared: Shared,
    opened: Arc<Opened>,
    channel: Option<ChannelHandle>,
    session: SessionId,
    target: ReplyTarget,
    journal: Arc<Journal>,
    /// While it is doubtful, no other is opened.
    stream: Stream,
    stop: CancellationToken,
}

impl Screen {
    /// Runs until the text's sender is gone; returns what is known of the growing message.
    async fn run(mut self, mut text: watch::Receiver<String>) -> Stream {
        let settings = &self.shared.settings;
        let (typing_after, preview_after) = (settings.typing_after, settings.preview_after);
        let capabilities = self.opened.halves.delivery.capabilities();
        let typing_every = capabilities.typing_every;
        let edit_every = capabilities.edit_every;
        let mut type_at = Instant::now() + typing_after;
        let mut show_at: Option<Instant> = None;
        let mut shown = String::new();
        loop {
            let wake = show_at.map_or(type_at, |at| at.min(type_at));
            tokio::select! {
                changed = text.changed() => {
                    if changed.is_err() {
                        return self.stream;
                    }
                    if show_at.is_none() && edit_every.is_some() {
                        show_at = Some(Instant::now() + preview_after);
                    }
                    continue;
                }
                () = tokio::time::sleep_until(wake) => {}
            }
            let now = Instant::now();
            if now >= type_at {
                type_at = now + typing_every.unwrap_or(Duration::from_secs(3_600));
                self.type_once().await;
            }
            if let (Some(at), Some(every)) = (show_at, edit_every)
                && now >= at
            {
                show_at = Some(now + every);
                let current = text.borrow_and_update().clone();
                if !current.trim().is_empty() && current != shown && self.show(&current).await {
                    shown = current;
                }
            }
        }
    }

    /// Waits for the platform's limits, unless the answer is ready before.
    async fn allowed(&self) -> bool {
        let ready = self.opened.halves.delivery.ready(&self.target);
        self.stop.run_until_cancelled(ready).await.is_some()
    }

    async fn type_once(&self) {
        let Some(typing) = &self.opened.halves.typing else {
            return;
        };
        if let Err(error) = typing.typing(&self.target).await {
            tracing::debug!(error = %error, "typing not shown");
        }
    }

    /// Opens or edits the growing message. A failure costs this one look at it.
    async fn show(&mut self, text: &str) -> bool {
        let halves = &self.opened.halves;
        let Some(edits) = &halves.edits else {
            return false;
        };
        let part = halves.delivery.render_preview(text);
        if let Stream::Open(message) = &self.stream {
            if !self.allowed().await {
                return false;
            }
            return edits.edit(&self.target, message, &part).await.is_ok();
        }
        if self.stream == Stream::Doubtful {
            return false;
        }
        // An earlier reply that still waits for the platform goes first.
        if let Some(channel) = &self.channel
            && !channel.session_is_idle(self.session).await
        {
            return false;
        }
        if !self.allowed().await {
            return false;
        }
        if self.stop.is_cancelled() {
            return false;
        }
        // The text cannot be shown twice without a trace: if the process ends here, its successor
        // knows that a message may be there.
        if let Err(error) = self.journal.write(vec![TurnStep::StreamOpening]).await {
            tracing::warn!(error = %error, "a growing message is not journalled");
            return false;
        }
        self.stream = Stream::Doubtful;
        let key = OutboxId::generate(self.shared.services.ids.as_ref());
        match halves.delivery.send(&self.target, &part, key).await {
            Ok(Some(message)) => {
                let step = TurnStep::StreamOpened { platform_message_id: message.clone() };
                if let Err(error) = self.journal.write(vec![step]).await {
                    tracing::warn!(error = %error, "a growing message is not journalled");
                }
                self.stream = Stream::Open(message);
                true
            }
            // There is one, and it cannot be edited.
            Ok(None) => false,
            Err(error) => {
                if !matches!(error, DeliveryError::Unknown(_)) {
                    self.stream = Stream::None;
                }
                tracing::debug!(error = %error, "a growing message was not opened");
                false
            }
        }
    }
}
