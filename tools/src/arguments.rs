//! Arguments as a model wrote them: parsed strictly, refused in words that the model can act on.

use rookery_domain::ports::ToolError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The longest arguments object that is looked at, as JSON.
pub const ARGUMENTS_BYTES_MAX: usize = 8 * 1024;

/// Reads the arguments of a call into the tool's own type, which refuses unknown fields.
///
/// Nothing at all counts as an empty object: several models send it for a tool without arguments.
pub(crate) fn parse<T: DeserializeOwned>(arguments: &Value) -> Result<T, ToolError> {
    let size_bytes = arguments.to_string().len();
    if size_bytes > ARGUMENTS_BYTES_MAX {
        return Err(ToolError::Invalid(format!(
            "{size_bytes} bytes, of which {ARGUMENTS_BYTES_MAX} are read"
        )));
    }
    let object = match arguments {
        Value::Null => Value::Object(serde_json::Map::new()),
        Value::Object(_) => arguments.clone(),
        _ => return Err(ToolError::Invalid("expected a JSON object".to_owned())),
    };
    serde_json::from_value(object).map_err(|error| ToolError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{ARGUMENTS_BYTES_MAX, parse};
    use rookery_domain::ports::ToolError;
    use serde_json::json;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        text: String,
    }

    #[test]
    fn nothing_is_an_empty_object_and_a_text_is_refused() {
        assert_eq!(parse::<Sample>(&json!(null)).unwrap().text, "");
        assert!(matches!(parse::<Sample>(&json!("{}")), Err(ToolError::Invalid(_))));
    }

    #[test]
    fn arguments_are_read_up_to_the_limit_and_not_beyond() {
        let overhead = json!({ "text": "" }).to_string().len();
        let fits = "x".repeat(ARGUMENTS_BYTES_MAX - overhead);
        assert!(parse::<Sample>(&json!({ "text": fits })).is_ok());
        let long = format!("{fits}x");
        assert!(matches!(parse::<Sample>(&json!({ "text": long })), Err(ToolError::Invalid(_))));
    }
}
