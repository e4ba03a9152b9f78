//! What every [`Toolbox`] must do, whichever tools are in it.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a suite is test code and fails by panicking"
)]

use crate::ports::{Tool, ToolError, Toolbox};
use crate::tool::{ToolInput, ToolRepeat, ToolSpec};
use serde_json::{Value, json};
use std::sync::Arc;

/// The longest description and schema of a tool, together: they are sent with every call.
const SPEC_BYTES_MAX: usize = 2000;

/// A call that works, and what its result contains.
#[derive(Debug, Clone)]
pub struct Sample {
    tool: &'static str,
    arguments: Value,
    contains: &'static str,
}

impl Sample {
    /// A call of a tool whose result contains a text.
    pub const fn new(tool: &'static str, arguments: Value, contains: &'static str) -> Self {
        Self { tool, arguments, contains }
    }
}

/// Runs the suite. There is one sample for each tool; clocks stand still.
pub async fn check(toolbox: &dyn Toolbox, samples: &[Sample]) {
    let names = toolbox.names();
    assert!(names.is_sorted_by(|left, right| left < right), "names are sorted and unique");
    let mut covered: Vec<&str> = samples.iter().map(|sample| sample.tool).collect();
    covered.sort_unstable();
    assert_eq!(names, covered, "there is one sample for each tool");
    for unknown in ["", "no_such_tool", "Time", "time "] {
        assert!(toolbox.find(unknown).is_none(), "`{unknown}` is not a tool: names are exact");
    }
    for sample in samples {
        let tool = toolbox.find(sample.tool).expect("a named tool is found");
        check_spec(&tool.spec(), sample.tool);
        check_arguments(&tool, sample).await;
        check_result(&tool, sample).await;
    }
}

fn check_spec(spec: &ToolSpec, name: &str) {
    assert_eq!(spec.name, name, "a tool is found under its own name");
    assert!(
        (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'),
        "`{name}` fits every provider"
    );
    let size_bytes = spec.description.len() + spec.parameters.to_string().len();
    assert!(!spec.description.is_empty(), "{name} says what it does");
    assert!(size_bytes <= SPEC_BYTES_MAX, "{name} is cheap to offer: {size_bytes} bytes");
    assert_eq!(spec.parameters["type"], "object", "{name}");
    assert_eq!(
        spec.parameters["additionalProperties"],
        json!(false),
        "{name} says that it refuses unknown fields"
    );
    for required in spec.parameters["required"].as_array().into_iter().flatten() {
        let field = required.as_str().expect("a field's name is text");
        assert!(
            spec.parameters["properties"][field].is_object(),
            "{name}: `{field}` is required and described"
        );
    }
}

async fn check_arguments(tool: &Arc<dyn Tool>, sample: &Sample) {
    let mut surplus = sample.arguments.clone();
    surplus["surplus_field"] = json!(1);
    for wrong in [surplus, json!("text"), json!([1]), json!(7)] {
        let outcome = tool.call(input(wrong.clone())).await;
        assert!(
            matches!(outcome, Err(ToolError::Invalid(_))),
            "{} refuses {wrong}: {outcome:?}",
            sample.tool
        );
    }
}

async fn check_result(tool: &Arc<dyn Tool>, sample: &Sample) {
    let first = tool.call(input(sample.arguments.clone())).await.expect("the sample works");
    assert!(
        first.contains(sample.contains),
        "{}: `{first}` contains `{}`",
        sample.tool,
        sample.contains
    );
    if tool.spec().repeat == ToolRepeat::Safe {
        let again = tool.call(input(sample.arguments.clone())).await;
        assert_eq!(again.as_ref(), Ok(&first), "{} can be repeated", sample.tool);
    }
}

fn input(arguments: Value) -> ToolInput {
    ToolInput { arguments, idempotency_key: "suite".to_owned() }
}
