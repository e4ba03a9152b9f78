//! Parameters of a call, whichever of the four forms they came in.

use super::call::ApiError;
use serde_json::{Map, Value};

/// The largest number of parts read from a multipart body.
const PARTS_MAX: usize = 64;

/// Named parameters. Forms carry texts only, so every reader also takes a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Reads query and body as the vendor does.
    pub(super) fn read(
        query: Option<&str>,
        content_type: &str,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let mut params = Map::new();
        form_into(&mut params, query.unwrap_or_default().as_bytes());
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        match kind.to_ascii_lowercase().as_str() {
            "application/json" if !body.is_empty() => {
                let value: Value = serde_json::from_slice(body).map_err(|_malformed| {
                    ApiError::bad_request("can't parse request body as JSON")
                })?;
                if let Value::Object(object) = value {
                    params.extend(object);
                }
            }
            "application/x-www-form-urlencoded" => form_into(&mut params, body),
            "multipart/form-data" => multipart_into(&mut params, content_type, body)?,
            _ => {}
        }
        Ok(Self(params))
    }

    pub(super) fn as_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn boolean(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(value)) => *value,
            Some(Value::String(text)) => matches!(text.to_ascii_lowercase().as_str(), "true" | "1"),
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    /// An object or array; forms carry these as JSON text.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_malformed| {
                    ApiError::bad_request(format!("can't parse {name}: expected a JSON value"))
                })
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

fn form_into(params: &mut Map<String, Value>, bytes: &[u8]) {
    for (name, value) in url::form_urlencoded::parse(bytes) {
        params.insert(name.into_owned(), Value::String(value.into_owned()));
    }
}

fn multipart_into(
    params: &mut Map<String, Value>,
    content_type: &str,
    body: &[u8],
) -> Result<(), ApiError> {
    let boundary = content_type
        .split(';')
        .filter_map(|piece| piece.trim().strip_prefix("boundary="))
        .map(|value| value.trim_matches('"'))
        .next()
        .ok_or_else(|| ApiError::bad_request("multipart body without a boundary"))?;
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{boundary}");
    for part in text.split(delimiter.as_str()).skip(1).take(PARTS_MAX) {
        if part.starts_with("--") {
            break;
        }
        let Some((head, content)) = part.split_once("\r\n\r\n") else {
            continue;
        };
        let name = head
            .split(';')
            .filter_map(|piece| piece.trim().strip_prefix("name="))
            .map(|value| value.split("\r\n").next().unwrap_or(value).trim_matches('"'))
            .next();
        if let Some(name) = name {
            let value = content.strip_suffix("\r\n").unwrap_or(content);
            params.insert(name.to_owned(), Value::String(value.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn the_four_forms_of_a_call_give_the_same_parameters() {
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\nContent-Type: text/plain\r\n\r\na&b\r\n--b--\r\n";
        let forms = [
            Params::read(Some("chat_id=7&text=a%26b"), "", b""),
            Params::read(None, "application/json; charset=utf-8", br#"{"chat_id":7,"text":"a&b"}"#),
            Params::read(None, "application/x-www-form-urlencoded", b"chat_id=7&text=a%26b"),
            Params::read(None, "multipart/form-data; boundary=b", multipart.as_bytes()),
        ];
        for params in forms {
            let params = params.unwrap();
            assert_eq!(params.integer("chat_id"), Some(7));
            assert_eq!(params.text("text").as_deref(), Some("a&b"));
        }
    }

    #[test]
    fn a_body_that_is_not_json_is_refused() {
        assert!(Params::read(None, "application/json", b"{").is_err());
    }

    #[test]
    fn a_form_carries_objects_as_text() {
        let params = Params::read(Some("commands=%5B1%5D"), "", b"").unwrap();
        assert_eq!(params.json("commands").unwrap(), Some(serde_json::json!([1])));
    }
}
