//! Schema, offset and answer.

use crate::{arguments, result};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset, SecondsFormat};
use rookery_domain::Clock;
use rookery_domain::ports::{Tool, ToolError};
use rookery_domain::tool::{ToolInput, ToolRepeat, ToolSpec};
use serde_json::json;
use std::sync::Arc;

/// The farthest any place on Earth is from UTC.
const OFFSET_MINUTES_MAX: i32 = 14 * 60;

/// Tells the time of the clock it was given.
#[derive(Debug)]
pub(crate) struct CurrentTime {
    clock: Arc<dyn Clock>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    utc_offset: Option<String>,
}

impl CurrentTime {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

#[async_trait]
impl Tool for CurrentTime {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: "time".to_owned(),
            description: "The current date, time and day of the week, in UTC or at an offset."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "utc_offset": {
                        "type": "string",
                        "description": "Offset from UTC such as +02:00 or -05:30; leave out for UTC"
                    }
                },
                "additionalProperties": false
            }),
            repeat: ToolRepeat::Safe,
        }
    }

    async fn call(&self, input: ToolInput) -> Result<String, ToolError> {
        let arguments: Arguments = arguments::parse(&input.arguments)?;
        let offset = arguments.utc_offset.as_deref().map(parse_offset).transpose()?;
        let now = DateTime::from_timestamp_millis(self.clock.now().as_millis())
            .ok_or_else(|| ToolError::Failed("the clock is out of range".to_owned()))?;
        let (stamp, day) = match offset {
            None => (now.to_rfc3339_opts(SecondsFormat::Secs, true), now.format("%A")),
            Some(offset) => {
                let local = now.with_timezone(&offset);
                (local.to_rfc3339_opts(SecondsFormat::Secs, false), local.format("%A"))
            }
        };
        Ok(result::cap(format!("{stamp}, {day}")))
    }
}

/// `Z`, `UTC`, or a sign, hours and optional minutes.
pub(super) fn parse_offset(text: &str) -> Result<FixedOffset, ToolError> {
    let refused = || {
        ToolError::Invalid("utc_offset: write it as +02:00 or -05:30, at most 14 hours".to_owned())
    };
    let trimmed = text.trim();
    if trimmed.is_empty() || ["z", "utc", "gmt"].contains(&trimmed.to_lowercase().as_str()) {
        return FixedOffset::east_opt(0).ok_or_else(refused);
    }
    let (sign, rest) = match (trimmed.strip_prefix('+'), trimmed.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Err(refused()),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 => rest.split_at_checked(2).ok_or_else(refused)?,
        None => (rest, "00"),
    };
    let part = |digits: &str| {
        let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = part(hours).zip(part(minutes)).ok_or_else(refused)?;
    let total_minutes = hours * 60 + minutes;
    if minutes > 59 || total_minutes > OFFSET_MINUTES_MAX {
        return Err(refused());
    }
    FixedOffset::east_opt(sign * total_minutes * 60).ok_or_else(refused)
}
