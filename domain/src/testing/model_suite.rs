//! What every [`LanguageModel`] must do, whoever answers behind it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a suite is test code and fails by panicking"
)]

use crate::id::TenantId;
use crate::model::{
    ModelEvent, ModelMessage, ModelRef, ModelRole, StopReason, ToolCall, Usage, estimate_tokens,
};
use crate::ports::{LanguageModel, ModelCall, ModelError, ModelErrorKind};
use crate::testing::SequentialIds;
use crate::tool::{ToolRepeat, ToolSpec};
use futures::StreamExt;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the person says; a provider under test echoes [`MARKER`].
pub const QUESTION: &str = "Hello marker-417, what time is it?";
/// A word of the question that every answer to it repeats.
pub const MARKER: &str = "marker-417";
/// What the `time` tool says; the answer after it repeats [`RESULT_MARKER`].
pub const RESULT: &str = "2023-11-14T22:13:20Z, Tuesday";
/// A part of the result.
pub const RESULT_MARKER: &str = "22:13";
/// How long a rate-limited provider asks to wait.
pub const RETRY_AFTER: Duration = Duration::from_secs(7);

/// How the provider behind a model behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Answers with text that contains [`MARKER`], in more than one piece.
    Text,
    /// Calls `time` without arguments; asked again with the result, repeats [`RESULT_MARKER`].
    ToolRoundTrip,
    /// As `Text`, and does not say what it cost.
    WithoutUsage,
    /// Refuses with this class at once. Rate limits come with [`RETRY_AFTER`].
    Refuses(ModelErrorKind),
    /// Ends the stream without its end, before anything was said or after some text.
    BreaksOff {
        /// Whether text came first.
        after_text: bool,
    },
}

/// A model with the route to it.
pub type Prepared = (Arc<dyn LanguageModel>, Vec<ModelRef>);

/// Sets up what the suite runs on.
pub trait Subject {
    /// A model whose provider behaves so; `None` where it cannot.
    fn prepare(&self, scenario: Scenario) -> Option<Prepared>;
}

/// A call of the suite. Nothing is retried within its time limit's reach for long.
pub fn call(route: Vec<ModelRef>) -> ModelCall {
    ModelCall {
        tenant_id: TenantId::generate(&SequentialIds::default()),
        role: ModelRole::Chat,
        route,
        keys: Arc::new(BTreeMap::new()),
        system: "Answer in one sentence.".to_owned(),
        messages: vec![ModelMessage::User { text: QUESTION.to_owned() }],
        tools: Vec::new(),
        output_tokens_max: 500,
        time_limit: Duration::from_secs(20),
    }
}

/// The tool that the suite offers.
pub fn time_tool() -> ToolSpec {
    ToolSpec {
        name: "time".to_owned(),
        description: "The current time.".to_owned(),
        parameters: json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        repeat: ToolRepeat::Safe,
    }
}

/// Everything that came out of one call.
#[derive(Debug, Default)]
pub struct Transcript {
    /// The events in order.
    pub events: Vec<ModelEvent>,
    /// The error, if that was the end.
    pub error: Option<ModelError>,
}

impl Transcript {
    /// All visible text.
    pub fn text(&self) -> String {
        let texts = self.events.iter().filter_map(|event| match event {
            ModelEvent::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// All tool calls.
    pub fn tool_calls(&self) -> Vec<ToolCall> {
        let calls = self.events.iter().filter_map(|event| match event {
            ModelEvent::ToolCall(call) => Some(call.clone()),
            _ => None,
        });
        calls.collect()
    }

    /// Who said that they answer, in order.
    pub fn started(&self) -> Vec<String> {
        let models = self.events.iter().filter_map(|event| match event {
            ModelEvent::Started { model } => Some(model.to_string()),
            _ => None,
        });
        models.collect()
    }

    /// The end.
    pub fn stop(&self) -> Option<(StopReason, Usage)> {
        match self.events.last() {
            Some(ModelEvent::Stop { reason, usage }) => Some((*reason, *usage)),
            _ => None,
        }
    }
}

/// Makes a call and reads it to its end.
pub async fn ask(model: &dyn LanguageModel, call: ModelCall) -> Transcript {
    let mut transcript = Transcript::default();
    let mut stream = match model.stream(call).await {
        Ok(stream) => stream,
        Err(error) => {
            transcript.error = Some(error);
            return transcript;
        }
    };
    while let Some(item) = stream.next().await {
        assert!(
            transcript.error.is_none() && transcript.stop().is_none(),
            "nothing comes after the end: {transcript:?}, then {item:?}"
        );
        match item {
            Ok(event) => transcript.events.push(event),
            Err(error) => transcript.error = Some(error),
        }
    }
    transcript
}

/// Runs the suite. Returns how many scenarios the subject could play.
pub async fn check(subject: &dyn Subject) -> usize {
    let mut played = 0;
    let refusals = [
        ModelErrorKind::RateLimited,
        ModelErrorKind::Unavailable,
        ModelErrorKind::Unauthorized,
        ModelErrorKind::ContextTooLong,
        ModelErrorKind::Filtered,
        ModelErrorKind::Refused,
    ];
    let scenarios = [
        Scenario::Text,
        Scenario::WithoutUsage,
        Scenario::ToolRoundTrip,
        Scenario::BreaksOff { after_text: false },
        Scenario::BreaksOff { after_text: true },
    ];
    for scenario in scenarios.into_iter().chain(refusals.map(Scenario::Refuses)) {
        let Some((model, route)) = subject.prepare(scenario) else {
            continue;
        };
        played += 1;
        let model = model.as_ref();
        match scenario {
            Scenario::Text => check_text(model, route, None).await,
            Scenario::WithoutUsage => check_text(model, route, Some(true)).await,
            Scenario::ToolRoundTrip => check_tools(model, route).await,
            Scenario::Refuses(kind) => check_refusal(model, route, kind).await,
            Scenario::BreaksOff { after_text } => check_break(model, route, after_text).await,
        }
    }
    played
}

async fn check_text(model: &dyn LanguageModel, route: Vec<ModelRef>, estimated: Option<bool>) {
    let expected = route.first().map(ToString::to_string);
    let transcript = ask(model, call(route)).await;
    assert_eq!(transcript.error, None);
    assert!(
        matches!(transcript.events.first(), Some(ModelEvent::Started { .. })),
        "who answers comes first: {transcript:?}"
    );
    assert_eq!(transcript.started(), Vec::from_iter(expected));
    let pieces =
        transcript.events.iter().filter(|event| matches!(event, ModelEvent::Text(_))).count();
    assert!(pieces > 1, "text is streamed: {transcript:?}");
    assert!(transcript.text().contains(MARKER), "nothing is lost: {transcript:?}");
    let (reason, usage) = transcript.stop().expect("the stream has its end");
    assert_eq!(reason, StopReason::Finished);
    check_usage(usage, estimated);
}

fn check_usage(usage: Usage, estimated: Option<bool>) {
    assert!(usage.input_tokens > 0 && usage.output_tokens > 0, "{usage:?}");
    if let Some(estimated) = estimated {
        assert_eq!(usage.estimated, estimated, "an estimate is marked as one");
    }
    if usage.estimated {
        assert!(
            usage.input_tokens >= estimate_tokens(QUESTION),
            "an estimate covers what was asked: {usage:?}"
        );
    }
}

async fn check_tools(model: &dyn LanguageModel, route: Vec<ModelRef>) {
    let mut asked = call(route);
    asked.tools = vec![time_tool()];
    let first = ask(model, asked.clone()).await;
    assert_eq!(first.error, None);
    let tool_calls = first.tool_calls();
    let [tool_call] = tool_calls.as_slice() else {
        panic!("exactly one tool is called: {first:?}");
    };
    assert_eq!(tool_call.name, "time");
    assert!(!tool_call.id.is_empty(), "a call can be answered by its id");
    assert!(tool_call.arguments.is_object(), "arguments are complete: {tool_call:?}");
    let (reason, usage) = first.stop().expect("the stream has its end");
    assert_eq!(reason, StopReason::ToolCalls);
    check_usage(usage, None);

    asked
        .messages
        .push(ModelMessage::Assistant { text: first.text(), tool_calls: vec![tool_call.clone()] });
    asked.messages.push(ModelMessage::Tool {
        call_id: tool_call.id.clone(),
        name: "time".to_owned(),
        content: RESULT.to_owned(),
    });
    let second = ask(model, asked).await;
    assert_eq!(second.error, None);
    assert!(second.text().contains(RESULT_MARKER), "the result is used: {second:?}");
    assert_eq!(second.stop().map(|(reason, _)| reason), Some(StopReason::Finished));
}

async fn check_refusal(model: &dyn LanguageModel, route: Vec<ModelRef>, kind: ModelErrorKind) {
    let expected = route.first().map(ToString::to_string);
    let transcript = ask(model, call(route)).await;
    let error = transcript.error.as_ref().expect("the call fails");
    assert_eq!(error.kind, kind, "{error:?}");
    assert_eq!(Some(error.model.clone()), expected);
    assert_eq!(transcript.events, Vec::new(), "nobody answered");
    if kind == ModelErrorKind::RateLimited {
        assert_eq!(error.retry_after, Some(RETRY_AFTER));
    }
    assert!(!format!("{error} {error:?}").contains(MARKER), "an error never repeats what was said");
}

async fn check_break(model: &dyn LanguageModel, route: Vec<ModelRef>, after_text: bool) {
    let transcript = ask(model, call(route)).await;
    let error = transcript.error.as_ref().expect("the call fails");
    assert_eq!(error.kind, ModelErrorKind::BrokenOff);
    assert_eq!(transcript.stop(), None);
    assert_eq!(!transcript.text().is_empty(), after_text, "{transcript:?}");
}
