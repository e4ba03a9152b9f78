//! What the fake model answers.

use super::ask::Ask;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A tool that the model wants to use.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUse {
    /// The tool's name.
    pub name: String,
    /// Its arguments.
    pub arguments: Value,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// The text, in the pieces in which it is streamed.
    pub pieces: Vec<String>,
    /// Tools to use after it.
    pub tools: Vec<ToolUse>,
    /// How long the model thinks before each piece.
    pub pause: Duration,
}

impl Answer {
    /// A text, streamed word by word.
    pub fn text(text: &str) -> Self {
        Self { pieces: text.split_inclusive(' ').map(str::to_owned).collect(), ..Self::default() }
    }

    /// The whole text.
    pub fn whole(&self) -> String {
        self.pieces.concat()
    }

    /// A rough count of what was written: one token for each piece.
    pub const fn output_tokens(&self) -> usize {
        self.pieces.len()
    }
}

/// A function from a request to an answer.
pub type Script = Arc<dyn Fn(&Ask) -> Answer + Send + Sync>;

/// The default script: `echo: ` and what the person said last. Directives in square brackets at
/// the end of a text steer it and are not repeated: `[tool NAME JSON]` asks for a tool first and
/// adds its result to the answer, `[pause MILLISECONDS]` thinks before every piece, `[words N]`
/// adds so many words.
pub fn echo(ask: &Ask) -> Answer {
    let (said, directives) = split(ask.last_user());
    let results = ask.tool_results();
    let mut answer = Answer::text(&format!("echo: {said}"));
    for directive in directives {
        let (name, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match name {
            "pause" => answer.pause = Duration::from_millis(rest.trim().parse().unwrap_or(0)),
            "words" => {
                let count: usize = rest.trim().parse().unwrap_or(0);
                answer.pieces.extend((1..=count).map(|number| format!(" w{number}")));
            }
            "tool" => use_tool(&mut answer, rest, &results),
            _ => {}
        }
    }
    answer
}

fn use_tool(answer: &mut Answer, rest: &str, results: &[&str]) {
    if let Some(result) = results.last() {
        answer.pieces.push(format!(" tool: {result}"));
        return;
    }
    let (name, arguments) = rest.split_once(' ').unwrap_or((rest, "{}"));
    answer.pieces.clear();
    answer.tools.push(ToolUse {
        name: name.to_owned(),
        arguments: serde_json::from_str(arguments).unwrap_or(Value::Null),
    });
}

/// A text without the directives at its end, and the directives.
fn split(text: &str) -> (&str, Vec<&str>) {
    let mut said = text.trim_end();
    let mut directives = Vec::new();
    while let Some((before, directive)) =
        said.strip_suffix(']').and_then(|open| open.rsplit_once('['))
    {
        directives.push(directive.trim());
        said = before.trim_end();
    }
    directives.reverse();
    (said, directives)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn directives_are_taken_from_the_end_only() {
        assert_eq!(split("a [b] c"), ("a [b] c", vec![]));
        assert_eq!(
            split("m1-2 [tool time {}] [pause 5]"),
            ("m1-2", vec!["tool time {}", "pause 5"])
        );
    }
}
