//! How one value is read. Values from the environment are texts, so every type reads itself from a
//! text, too.

use rookery_domain::Secret;
use serde_json::Value;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// A type that a setting can have.
pub(super) trait Setting: Sized {
    /// Reads it; the error says what would be right.
    fn read(value: &Value) -> Result<Self, String>;

    /// What stands in until all faults are reported; never used otherwise.
    fn placeholder() -> Self;
}

fn text<'a>(value: &'a Value, expected: &str) -> Result<&'a str, String> {
    value.as_str().map(str::trim).ok_or_else(|| expected.to_owned())
}

impl Setting for String {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "must be a text in quotes").map(str::to_owned)
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

impl Setting for Secret {
    fn read(value: &Value) -> Result<Self, String> {
        text(value, "must be a text in quotes").map(Self::new)
    }

    fn placeholder() -> Self {
        Self::new("")
    }
}

impl Setting for PathBuf {
    fn read(value: &Value) -> Result<Self, String> {
        match text(value, "must be a path in quotes")? {
            "" => Err("must not be empty".to_owned()),
            path => Ok(Self::from(path)),
        }
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

impl Setting for bool {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(word) if word.trim() == "true" => Ok(true),
            Value::String(word) if word.trim() == "false" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }

    fn placeholder() -> Self {
        false
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Setting for $number {
            fn read(value: &Value) -> Result<Self, String> {
                let number = match value {
                    Value::Number(number) => number.as_u64(),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                number
                    .and_then(|number| Self::try_from(number).ok())
                    .ok_or_else(|| format!("must be a whole number from 0 to {}", Self::MAX))
            }

            fn placeholder() -> Self {
                1
            }
        }
    )*};
}

whole_numbers!(u8, u16, u32, u64, usize);

impl Setting for NonZeroU32 {
    fn read(value: &Value) -> Result<Self, String> {
        u32::read(value)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| format!("must be a whole number from 1 to {}", u32::MAX))
    }

    fn placeholder() -> Self {
        Self::MIN
    }
}

impl Setting for SocketAddr {
    fn read(value: &Value) -> Result<Self, String> {
        let expected = "must be ADDRESS:PORT, for instance \"127.0.0.1:8080\" or \"[::]:8080\"";
        text(value, expected)?.parse().map_err(|_error| expected.to_owned())
    }

    fn placeholder() -> Self {
        Self::from(([127, 0, 0, 1], 0))
    }
}

/// Nothing where the text is empty.
impl Setting for Option<Url> {
    fn read(value: &Value) -> Result<Self, String> {
        let expected = "must be an http:// or https:// address";
        let text = text(value, expected)?;
        if text.is_empty() {
            return Ok(None);
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            _ => Err(expected.to_owned()),
        }
    }

    fn placeholder() -> Self {
        None
    }
}

impl Setting for Duration {
    fn read(value: &Value) -> Result<Self, String> {
        let expected =
            "must be a duration with its unit: \"250ms\", \"30s\", \"10m\", \"1h\" or \"7d\"";
        parse_duration(text(value, expected)?).ok_or_else(|| expected.to_owned())
    }

    fn placeholder() -> Self {
        Self::from_secs(1)
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.trim_start() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// A list, or a text with commas.
impl Setting for Vec<String> {
    fn read(value: &Value) -> Result<Self, String> {
        let expected = "must be a list of texts, or one text with commas";
        match value {
            Value::String(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty())
                .map(str::to_owned)
                .collect()),
            Value::Array(list) => list
                .iter()
                .map(|entry| entry.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| expected.to_owned()),
            _ => Err(expected.to_owned()),
        }
    }

    fn placeholder() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Setting, parse_duration};
    use serde_json::json;
    use std::net::SocketAddr;
    use std::time::Duration;
    use url::Url;

    #[test]
    fn every_type_reads_itself_from_a_text_of_the_environment() {
        assert_eq!(bool::read(&json!("true")), Ok(true));
        assert_eq!(u32::read(&json!("17")), Ok(17));
        assert_eq!(u32::read(&json!(17)), Ok(17));
        assert!(u16::read(&json!("70000")).is_err());
        assert!(usize::read(&json!(-1)).is_err());
        assert_eq!(Vec::read(&json!("a, b,,c")), Ok(["a", "b", "c"].map(String::from).to_vec()));
        assert!(SocketAddr::read(&json!("127.0.0.1:0")).is_ok());
        assert!(SocketAddr::read(&json!("127.0.0.1")).is_err());
        assert_eq!(<Option<Url>>::read(&json!("")), Ok(None));
        assert!(<Option<Url>>::read(&json!("ftp://x")).is_err());
    }

    #[test]
    fn a_duration_needs_its_unit() {
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("10 m"), Some(Duration::from_mins(10)));
        assert_eq!(parse_duration("7d"), Some(Duration::from_hours(7 * 24)));
        assert_eq!(parse_duration("30"), None);
        assert_eq!(parse_duration("s"), None);
        assert_eq!(parse_duration("99999999999999999999s"), None);
        assert_eq!(parse_duration("18446744073709551615d"), None);
    }
}
