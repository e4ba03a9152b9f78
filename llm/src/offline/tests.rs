use super::ask;
use super::provider::{KIND, MODEL};
use crate::testing::{http_client, one_provider};
use crate::{ProviderSettings, Router};
use rookery_domain::model::{ModelMessage, StopReason};
use rookery_domain::ports::ModelCall;
use rookery_domain::testing::model_suite::{
    Prepared, Scenario, Subject, ask as ask_model, call, check, time_tool,
};
use rookery_domain::tool::ToolSpec;
use serde_json::json;
use std::sync::Arc;

struct Rules;

impl Subject for Rules {
    fn prepare(&self, scenario: Scenario) -> Option<Prepared> {
        let plays =
            matches!(scenario, Scenario::Text | Scenario::WithoutUsage | Scenario::ToolRoundTrip);
        plays.then(|| {
            let prepared: Prepared = (Arc::new(router()), asked("").route);
            prepared
        })
    }
}

fn router() -> Router {
    one_provider(ProviderSettings::new("main", KIND), http_client())
}

fn asked(text: &str) -> ModelCall {
    let mut call = call(vec![format!("main/{MODEL}").parse().unwrap()]);
    call.messages = vec![ModelMessage::User { text: text.to_owned() }];
    call
}

fn with_tools(mut call: ModelCall) -> ModelCall {
    let calculator = ToolSpec { name: "calculator".to_owned(), ..time_tool() };
    call.tools = vec![calculator, time_tool()];
    call
}

#[tokio::test]
async fn the_rules_pass_the_conformance_suite() {
    assert_eq!(check(&Rules).await, 3);
}

#[tokio::test]
async fn the_rules_say_what_they_are_and_how_to_get_more() {
    let transcript = ask_model(&router(), asked("Good morning")).await;
    let text = transcript.text();
    for part in ["Good morning", "offline model", "no model key is set", "llm.roles.chat"] {
        assert!(text.contains(part), "`{text}` contains `{part}`");
    }
    assert!(text.len() < 500, "short enough for a chat: {text}");
    assert_eq!(ask_model(&router(), asked("Good morning")).await.text(), text);
}

#[tokio::test]
async fn a_long_text_is_quoted_briefly_and_an_empty_one_not_at_all() {
    let long = ask_model(&router(), asked(&"long \n".repeat(1000))).await.text();
    assert!(long.len() < 600 && long.contains('\u{2026}'), "{long}");
    let empty = ask_model(&router(), asked("  ")).await.text();
    assert!(!empty.contains("You said"), "{empty}");
}

#[tokio::test]
async fn the_output_limit_binds_the_rules() {
    let mut call = asked("Good morning");
    call.output_tokens_max = 2;
    let transcript = ask_model(&router(), call).await;
    assert_eq!(transcript.text(), "You said");
    assert_eq!(transcript.stop().unwrap().0, StopReason::Length);
}

#[tokio::test]
async fn a_tool_is_called_only_when_it_is_offered_and_asked_for() {
    for (text, expected) in [
        ("what is 12*7?", Some("calculator")),
        ("What time is it in UTC+2?", Some("time")),
        ("Hello there", None),
    ] {
        let transcript = ask_model(&router(), with_tools(asked(text))).await;
        let names: Vec<String> =
            transcript.tool_calls().into_iter().map(|call| call.name).collect();
        assert_eq!(names, Vec::from_iter(expected), "{text}");
        let without = ask_model(&router(), asked(text)).await;
        assert_eq!(without.tool_calls(), Vec::new());
    }
}

#[tokio::test]
async fn results_of_several_tools_are_all_used() {
    let mut call = with_tools(asked("what time is it and what is 12*7?"));
    for (name, content) in [("time", "noon"), ("calculator", "84")] {
        call.messages.push(ModelMessage::Tool {
            call_id: name.to_owned(),
            name: name.to_owned(),
            content: content.to_owned(),
        });
    }
    let transcript = ask_model(&router(), call).await;
    let text = transcript.text();
    assert!(text.contains("time tool says: noon"), "{text}");
    assert!(text.contains("calculator tool says: 84"), "{text}");
    assert_eq!(transcript.tool_calls(), Vec::new(), "it comes to an end");
}

#[test]
fn sums_are_found_and_dates_and_numbers_are_not() {
    for (text, expected) in [
        ("what is 12*7", Some("12*7")),
        ("what is 12 * 7?", Some("12 * 7")),
        ("compute (2 + 3) * 4.", Some("(2 + 3) * 4")),
        ("2^10 please", Some("2^10")),
        ("it is 2026-11-20", None),
        ("on 20/11/2026", None),
        ("call +49 30 123", None),
        ("I have 3 cats", None),
        ("well - 5", None),
        ("- a list", None),
        ("", None),
    ] {
        let expected = expected.map(|expression| json!({ "expression": expression }));
        assert_eq!(ask::sum(text), expected, "{text}");
    }
}

#[test]
fn questions_about_the_time_carry_their_offset() {
    for (text, expected) in [
        ("What time is it?", Some(json!({}))),
        ("what time is it in utc+2", Some(json!({ "utc_offset": "+02:00" }))),
        ("What's the time at GMT-05:30?", Some(json!({ "utc_offset": "-05:30" }))),
        ("what time is it, utc", Some(json!({}))),
        ("what time is it in utc+99", Some(json!({}))),
        ("I had a good time", None),
    ] {
        assert_eq!(ask::time(text), expected, "{text}");
    }
}
