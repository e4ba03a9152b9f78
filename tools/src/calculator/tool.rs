//! Schema and answer.

use super::evaluate::{EXPRESSION_BYTES_MAX, calculate};
use crate::{arguments, result};
use async_trait::async_trait;
use rookery_domain::ports::{Tool, ToolError};
use rookery_domain::tool::{ToolInput, ToolRepeat, ToolSpec};
use serde_json::json;

/// Works out an expression.
#[derive(Debug)]
pub(crate) struct Calculator;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    expression: String,
}

#[async_trait]
impl Tool for Calculator {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "calculator".to_owned(),
            description: "Works out an arithmetic expression: + - * / % ^ ( ), sqrt, abs, round, \
                          floor, ceil, min, max, ln, log10, exp, sin, cos, tan, pi, e."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "expression": {
                        "type": "string",
                        "description": "For example 12*7 or sqrt(2)^3; % is the remainder",
                        "maxLength": EXPRESSION_BYTES_MAX
                    }
                },
                "required": ["expression"],
                "additionalProperties": false
            }),
            repeat: ToolRepeat::Safe,
        }
    }

    async fn call(&self, input: ToolInput) -> Result<String, ToolError> {
        let arguments: Arguments = arguments::parse(&input.arguments)?;
        calculate(&arguments.expression)
            .map(result::cap)
            .map_err(|error| ToolError::Invalid(error.to_string()))
    }
}
