//! Model ⇄ tools, every step through the journal.

use super::context::estimate_call;
use super::journal::Journal;
use super::preview::Telling;
use super::progress::Progress;
use super::turn::TurnSpec;
use crate::overseer::OverseerHandle;
use crate::shared::Shared;
use futures::StreamExt;
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::model::{
    ModelEvent, ModelMessage, ModelRole, StopReason, ToolCall, Usage, estimate_tokens,
};
use rookery_domain::notice::Notice;
use rookery_domain::ports::{ModelCall, ModelError, ModelErrorKind, StoreError, Tool};
use rookery_domain::tool::{ToolInput, ToolRepeat};
use rookery_domain::turn::TurnStep;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How often a turn that waits says that it is alive.
const BEAT_EVERY: Duration = Duration::from_secs(5);

/// Why a turn has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The person is told.
    Notice(Notice),
    /// Nobody can be told: the store does not answer, or the tenant is another's.
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the turn's model calls cost.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Each call with its model.
    pub(super) calls: Vec<(String, Usage)>,
    /// A call that has not ended: its model, and what it was given, in tokens.
    open: Option<(String, u64)>,
}

impl Tally {
    /// What an earlier attempt paid for.
    pub(crate) fn of(steps: &[TurnStep]) -> Self {
        let calls = steps.iter().filter_map(|step| match step {
            TurnStep::Completion { model, usage, .. } => Some((model.clone(), *usage)),
            _ => None,
        });
        Self { calls: calls.collect(), open: None }
    }

    /// Ends a call that nobody waits for any more, with what it wrote until then.
    pub(super) fn cut_off(&mut self, text: &str) {
        if let Some((model, input_tokens)) = self.open.take() {
            let output_tokens = estimate_tokens(text);
            self.calls.push((model, Usage { input_tokens, output_tokens, estimated: true }));
        }
    }
}

/// A conversation of one turn.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    pub(super) shared: &'a Shared,
    pub(super) overseer: &'a OverseerHandle,
    pub(super) spec: &'a TurnSpec,
    pub(super) progress: &'a Progress,
    pub(super) journal: &'a Journal,
    pub(super) system: String,
    pub(super) messages: Vec<ModelMessage>,
    pub(super) tools: Vec<Arc<dyn Tool>>,
    pub(super) model_calls: u32,
}

struct Completion {
    text: String,
    tool_calls: Vec<ToolCall>,
    reason: StopReason,
    usage: Usage,
    model: String,
}

impl Conversation<'_> {
    /// Asks until there is an answer. `open_calls` are calls of an earlier attempt without a result.
    pub(super) async fn answer(
        mut self,
        telling: &mut Telling,
        tally: &mut Tally,
        open_calls: Vec<(ToolCall, bool)>,
    ) -> Result<String, Failure> {
        for (call, begun) in open_calls {
            self.run_tool(&call, begun).await?;
        }
        while self.model_calls < self.shared.settings.model_calls_max {
            self.model_calls += 1;
            telling.restart();
            let completion = self.complete(telling, tally).await?;
            if completion.tool_calls.is_empty() {
                return finished(completion);
            }
            let calls = completion.tool_calls.clone();
            self.messages.push(ModelMessage::Assistant {
                text: completion.text.clone(),
                tool_calls: calls.clone(),
            });
            let step = TurnStep::Completion {
                text: completion.text,
                tool_calls: completion.tool_calls,
                usage: completion.usage,
                model: completion.model,
            };
            self.journal.write(vec![step]).await?;
            for call in calls {
                self.run_tool(&call, false).await?;
            }
        }
        tracing::warn!(turn.id = %self.spec.turn_id, "the model never came to an answer");
        Err(Failure::Notice(Notice::TookTooLong))
    }

    async fn complete(
        &mut self,
        telling: &mut Telling,
        tally: &mut Tally,
    ) -> Result<Completion, Failure> {
        let settings = &self.shared.settings;
        let input_estimate =
            estimate_call(&self.system, &self.messages, settings.output_tokens_max);
        self.reserve(input_estimate).await?;
        let agent = &self.spec.agent.profile;
        let call = ModelCall {
            tenant_id: self.spec.lease.tenant_id,
            role: ModelRole::Chat,
            route: agent.roles.get(&ModelRole::Chat).cloned().unwrap_or_default(),
            keys: Arc::clone(&self.spec.keys),
            system: self.system.clone(),
            messages: self.messages.clone(),
            tools: self.tools.iter().map(|tool| tool.spec()).collect(),
            output_tokens_max: settings.output_tokens_max,
            time_limit: settings.turn_time_limit().saturating_sub(self.progress.age()),
        };
        let asked = self.shared.services.models.stream(call);
        let mut stream =
            alive(self.progress, asked).await.map_err(|error| model_failure(&error))?;
        kill_point::hit(KillPoint::K4ModelAsked);
        let input = estimate_call(&self.system, &self.messages, 0);
        tally.open = Some((String::new(), input));
        let mut completion = Completion {
            text: String::new(),
            tool_calls: Vec::new(),
            reason: StopReason::Finished,
            usage: Usage::default(),
            model: String::new(),
        };
        loop {
            match alive(self.progress, stream.next()).await {
                Some(Ok(ModelEvent::Started { model })) => {
                    completion.model = model.to_string();
                    tally.open = Some((completion.model.clone(), input));
                }
                Some(Ok(ModelEvent::Text(part))) => {
                    completion.text.push_str(&part);
                    telling.grew(part);
                    kill_point::hit(KillPoint::K5MidStream);
                }
                Some(Ok(ModelEvent::Reasoning(_))) => {}
                Some(Ok(ModelEvent::ToolCall(call))) => completion.tool_calls.push(call),
                Some(Ok(ModelEvent::Stop { reason, usage })) => {
                    completion.reason = reason;
                    completion.usage = usage;
                    tally.open = None;
                    tally.calls.push((completion.model.clone(), usage));
                    return Ok(completion);
                }
                Some(Err(error)) => {
                    tally.cut_off(&completion.text);
                    return Err(model_failure(&error));
                }
                None => {
                    tally.cut_off(&completion.text);
                    return Err(Failure::Notice(Notice::ModelInterrupted));
                }
            }
        }
    }

    async fn reserve(&self, tokens: u64) -> Result<(), Failure> {
        match self.overseer.reserve_tokens(self.spec.place.id, tokens).await {
            Ok(None) => Ok(()),
            Ok(Some(refusal)) => Err(Failure::Notice(refusal)),
            Err(gone) => Err(Failure::Store(StoreError::Unavailable(gone.to_string()))),
        }
    }

    /// Runs one call and journals its result. `begun`: an earlier attempt may have done it.
    async fn run_tool(&mut self, call: &ToolCall, begun: bool) -> Result<(), Failure> {
        let tool = self.tools.iter().find(|tool| tool.spec().name == call.name).cloned();
        let content = match tool {
            None => format!("error: there is no tool named {:?} for you", call.name),
            Some(tool) => {
                let unsafe_to_repeat = tool.spec().repeat == ToolRepeat::Unsafe;
                if begun && unsafe_to_repeat {
                    "error: unknown outcome: the call was interrupted and is not repeated"
                        .to_owned()
                } else {
                    if unsafe_to_repeat {
                        let step = TurnStep::ToolStarted { call_id: call.id.clone() };
                        self.journal.write(vec![step]).await?;
                    }
                    self.call_tool(tool.as_ref(), call).await
                }
            }
        };
        kill_point::hit(KillPoint::K6ToolDone);
        let content = cut(content, self.shared.settings.tool_result_characters_max);
        let step = TurnStep::ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: content.clone(),
        };
        self.journal.write(vec![step]).await?;
        self.messages.push(ModelMessage::Tool {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content,
        });
        Ok(())
    }

    async fn call_tool(&self, tool: &dyn Tool, call: &ToolCall) -> String {
        let input = ToolInput {
            arguments: call.arguments.clone(),
            idempotency_key: format!("{}:{}", self.spec.turn_id, call.id),
        };
        let limit = self.shared.settings.tool_time_limit;
        let run = tokio::time::timeout(limit, tool.call(input));
        match alive(self.progress, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => format!("error: {error}"),
            Err(_) => format!("error: no result within {} s", limit.as_secs()),
        }
    }
}

/// Waits for something slow, saying that the turn is alive.
async fn alive<T>(progress: &Progress, work: impl Future<Output = T> + Send) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                progress.beat();
                return done;
            }
            () = tokio::time::sleep(BEAT_EVERY) => progress.beat(),
        }
    }
}

fn finished(completion: Completion) -> Result<String, Failure> {
    if completion.reason == StopReason::Filtered {
        return Err(Failure::Notice(Notice::Filtered));
    }
    if completion.text.trim().is_empty() {
        return Err(Failure::Notice(Notice::ModelInterrupted));
    }
    Ok(completion.text)
}

fn model_failure(error: &ModelError) -> Failure {
    let notice = match error.kind {
        ModelErrorKind::RateLimited | ModelErrorKind::Unavailable => Notice::ModelBusy,
        ModelErrorKind::TimedOut => Notice::TookTooLong,
        ModelErrorKind::BrokenOff => Notice::ModelInterrupted,
        ModelErrorKind::ContextTooLong => Notice::ContextTooLong,
        ModelErrorKind::Filtered => Notice::Filtered,
        ModelErrorKind::Unauthorized | ModelErrorKind::Refused | ModelErrorKind::NoRoute => {
            Notice::ModelUnavailable
        }
    };
    tracing::warn!(error = %error, code = notice.code(), "no answer from a model");
    Failure::Notice(notice)
}

fn cut(text: String, characters_max: usize) -> String {
    match text.char_indices().nth(characters_max) {
        None => text,
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("{kept}\n[cut: the result had {} characters]", text.chars().count())
        }
    }
}
