//! The configuration of a process under test: the defaults, with what would only measure itself
//! (a platform's flood limits, ceilings on concurrency) out of the way.

use std::fmt::Write as _;

/// 32 bytes, so that tenants can be made before the process starts.
pub(super) const ROOT_KEY: &str = "cm9va2VyeS1iZW5jaG1hcmstcm9vdC1rZXktMDAwMDE=";
/// What the platform would call back. The hooks are called under their real address.
pub(super) const PUBLIC_URL: &str = "http://127.0.0.1:9";

/// What a measurement sets.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    limits: Vec<(&'static str, String)>,
}

impl Setting {
    /// The defaults, with room for so many conversations at the same time.
    pub fn for_conversations(conversations: u32) -> Self {
        Self::default()
            .limit("turns_per_tenant_max", conversations.max(64))
            .limit("deliveries_max", conversations.max(64))
            .limit("lane_rows_max", 1_000_000)
    }

    /// With one of `limits.*`; a text as TOML has it.
    #[must_use]
    pub fn limit(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.limits.retain(|(known, _)| *known != name);
        self.limits.push((name, value.to_string()));
        self
    }

    /// The configuration file.
    pub(super) fn to_toml(&self, storage: &str, outside: &str) -> String {
        let mut text = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{PUBLIC_URL}\"\n\n\
             [ops]\nlisten = \"127.0.0.1:0\"\n\n\
             [storage]\n{storage}\n\n\
             [secrets]\nroot_key = \"{ROOT_KEY}\"\n\n\
             [channels.telegram]\napi_url = \"{outside}\"\nper_chat_per_second = 1000000\n\
             chat_burst = 1000000\nper_group_per_minute = 1000000\nper_bot_per_second = 1000000\n\n\
             [llm]\nconcurrency_max = 4096\n\n\
             [llm.providers.main]\nkind = \"openai\"\nbase_url = \"{outside}/v1\"\n\
             api_key = \"bench\"\n\n[llm.roles]\nchat = [\"main/bench-1\"]\n\n[limits]\n"
        );
        for (name, value) in &self.limits {
            // Writing to a String cannot fail.
            let _infallible = writeln!(text, "{name} = {value}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{ROOT_KEY, Setting};
    use base64::Engine as _;

    #[test]
    fn the_root_key_has_its_length() {
        let bytes = base64::engine::general_purpose::STANDARD.decode(ROOT_KEY).unwrap();
        assert_eq!(bytes.len(), 32);
    }

    #[test]
    fn a_limit_set_twice_stands_once() {
        let setting = Setting::for_conversations(8).limit("deliveries_max", 7);
        let text = setting.to_toml("url = \"sqlite://x\"", "http://127.0.0.1:1");
        assert_eq!(text.matches("deliveries_max").count(), 1);
        assert!(text.contains("deliveries_max = 7"));
    }
}
