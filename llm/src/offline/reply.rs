//! The rules themselves, in order: use a tool's result, call a tool, or say what this is.

use super::ask;
use rookery_domain::model::{ModelMessage, ToolCall};
use rookery_domain::ports::ModelCall;

/// How much of a text is quoted back.
const QUOTED_CHARACTERS_MAX: usize = 120;
/// How much of a tool's result is passed on.
const RESULT_CHARACTERS_MAX: usize = 500;

/// What the rules say.
pub(super) enum Reply {
    Text(String),
    Call(ToolCall),
}

/// Decides by the newest messages alone: the same call has the same reply every time.
pub(super) fn reply(call: &ModelCall) -> Reply {
    let results: Vec<(&str, &str)> = call
        .messages
        .iter()
        .rev()
        .map_while(|message| match message {
            ModelMessage::Tool { name, content, .. } => Some((name.as_str(), content.as_str())),
            _ => None,
        })
        .collect();
    if !results.is_empty() {
        return Reply::Text(report(results.into_iter().rev()));
    }
    let asked = call
        .messages
        .iter()
        .rev()
        .find_map(|message| match message {
            ModelMessage::User { text } => Some(text.as_str()),
            _ => None,
        })
        .unwrap_or_default();
    tool_call(call, asked).map_or_else(|| Reply::Text(introduction(asked)), Reply::Call)
}

fn tool_call(call: &ModelCall, asked: &str) -> Option<ToolCall> {
    let offered = |name: &str| call.tools.iter().any(|tool| tool.name == name);
    let (name, arguments) = [("time", ask::time(asked)), ("calculator", ask::sum(asked))]
        .into_iter()
        .filter(|(name, _)| offered(name))
        .find_map(|(name, arguments)| Some((name, arguments?)))?;
    Some(ToolCall {
        // Unique within the conversation, and the same when the call is repeated.
        id: format!("call_{}", call.messages.len()),
        name: name.to_owned(),
        arguments,
    })
}

fn report<'result>(results: impl Iterator<Item = (&'result str, &'result str)>) -> String {
    let lines: Vec<String> = results
        .map(|(name, content)| {
            let content = shorten(content, RESULT_CHARACTERS_MAX);
            format!("The {name} tool says: {content}")
        })
        .collect();
    format!("{}\n(I am the offline model.)", lines.join("\n"))
}

fn introduction(asked: &str) -> String {
    let quoted = shorten(asked, QUOTED_CHARACTERS_MAX);
    let heard = if quoted.is_empty() {
        String::new()
    } else {
        format!("You said: \u{201c}{quoted}\u{201d}\n\n")
    };
    format!(
        "{heard}I am the offline model: no model key is set, so I only repeat what I read, and \
         tell the time or work out a sum where I have the tool. To get real answers, set \
         `llm.providers.<name>.api_key` and `llm.roles.chat` in rookery.toml."
    )
}

/// One line, at most so many characters.
fn shorten(text: &str, characters_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= characters_max {
        return line;
    }
    let mut kept: String = line.chars().take(characters_max.saturating_sub(1)).collect();
    kept.push('\u{2026}');
    kept
}
