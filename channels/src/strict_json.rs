//! What no honest platform sends and no part of the runtime should have to deal with.
//!
//! A reader that skips unknown fields never looks into them, and a text with a NUL character is
//! valid JSON that a database refuses. So stored bytes are checked as a whole before they are read.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

/// The bytes as text, if they are UTF-8 and JSON without duplicate keys, NUL characters, lone
/// surrogates, numbers out of range or nesting deeper than 128; else what is wrong.
pub(crate) fn checked(raw: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(raw).map_err(|error| error.to_string())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| error.to_string())?;
    Ok(text)
}

#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _value: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _value: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _value: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _value: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(E::custom("a text holds a NUL character"));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            self.visit_str(&key)?;
            entries.next_value_seed(self)?;
            if !keys.insert(key) {
                return Err(A::Error::custom("an object holds a key twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn hostile_json_is_refused_without_a_panic() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let deep_object = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        for hostile in [
            deep.as_str(),
            deep_object.as_str(),
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":1e400}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"x\u0000"}"#,
            r#"{"\u0000":1}"#,
            "{\"a\":\"\u{0}\"}",
            "{} {}",
            "",
        ] {
            assert!(checked(hostile.as_bytes()).is_err(), "{hostile:.40}");
        }
        assert!(checked(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn ordinary_json_passes_up_to_the_nesting_limit() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(checked(nested(126).as_bytes()).is_ok());
        assert!(checked(nested(128).as_bytes()).is_err());
        assert!(
            checked(r#"{"a":[1,-1,1.5,null,true,"😀\ud83d\ude00"],"b":{}}"#.as_bytes()).is_ok()
        );
    }
}
