use super::{APPLY_FILE_BYTES_MAX, ENTRIES_MAX, SECRET_BYTES_MAX, TenantSpec};
use crate::tests::read;
use proptest::prelude::*;
use rookery_domain::agent::WhileBusy;
use rookery_domain::model::ModelRole;

fn faults(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

const GOOD: &str = r#"
[tenant]
slug = "acme"
name = "Acme Bakery"
plan = "pro"

[[agents]]
slug = "helper"
name = "Helper"
instructions = "You answer customers of a bakery in two sentences."
tools = ["time"]
while_busy = "interrupt"
on_ambiguous = "stay-silent"
roles.chat = ["main/gpt-5-mini", "spare/other"]

[[connections]]
slug = "pg"
channel = "pigeon"
agent = "helper"
mode = "polling"
token = { env = "TOKEN" }

[[connections]]
slug = "site"
channel = "web"
agent = "helper"
allowed_origins = ["https://shop.example.com"]

[[api_keys]]
slug = "site"
scopes = ["read", "chat", "chat"]
value = { env = "KEY" }

[limits]
messages_per_day = 5000
spend_usd_per_month = 50

[secrets]
"llm.main.api_key" = { env = "TOKEN" }
llm.spare.api_key = { value = "inline" }
"#;

#[test]
fn a_good_file_becomes_a_spec_with_its_secrets() {
    let spec = read(GOOD).unwrap();
    assert_eq!(spec.agents[0].profile.while_busy, WhileBusy::Interrupt);
    assert_eq!(spec.agents[0].profile.roles[&ModelRole::Chat].len(), 2);
    assert_eq!(spec.connections[0].secrets["token"].0.expose(), "canary-token");
    assert_eq!(spec.connections[0].settings, serde_json::json!({ "mode": "polling" }));
    assert_eq!(spec.limits.messages_per_day, Some(5000));
    assert_eq!(spec.limits.spend_usd_per_month, Some(50.0));
    assert_eq!(spec.api_keys[0].scopes.len(), 2);
    assert_eq!(spec.secrets["llm/main/api_key"].0.expose(), "canary-token");
    assert_eq!(spec.secrets["llm/spare/api_key"].0.expose(), "inline");
}

#[test]
fn a_spec_crosses_the_admin_socket_whole_and_is_never_printed_with_its_secrets() {
    let spec = read(GOOD).unwrap();
    let wire = serde_json::to_vec(&spec).unwrap();
    assert_eq!(serde_json::from_slice::<TenantSpec>(&wire).unwrap(), spec);
    assert!(!format!("{spec:?}").contains("canary"));
}

#[test]
fn every_fault_is_reported_with_its_path_on_its_own_line() {
    let text = r#"
[tenant]
slug = "Acme!"
[[agents]]
slug = "helper"
instrutions = "…"
tools = ["time", "remember", "time"]
while_busy = "nap"
roles.chta = ["a/b"]
roles.fast = ["nonsense"]
[[agents]]
slug = "helper"
[[connections]]
slug = "pg"
channel = "pigeon"
agent = "helper"
token = "verbatim-canary"
[[connections]]
slug = "dc"
channel = "owl"
agent = "helper"
[[connections]]
slug = "site"
channel = "web"
agent = "helper"
mode = 3
token = { env = "TOKEN" }
[[api_keys]]
slug = "k"
scopes = ["root"]
value = { env = "SHORT" }
[limits]
message_per_day = 3
tokens_per_day = -1
[secrets]
"billing.key" = { env = "TOKEN" }
llm.main.api_key = { env = "UNSET" }
[[documents]]
slug = "hours"
"#;
    let expected = [
        "documents: is not in this version",
        "tenant.slug: must be 1 to 63 of a-z, 0-9 and -",
        "agents[0].instrutions: unknown key; did you mean `instructions`?",
        "agents[0].tools[1]: `remember` is not in this version, which has: calculator, time",
        "agents[0].tools[2]: is listed twice",
        "agents[0].while_busy: must be one of: queue, debounce, interrupt",
        "agents[0].roles.chta: unknown key; did you mean `chat`?",
        "agents[0].roles.fast[0]: `nonsense` is not a model: write `provider/model`",
        "connections[0].token: is a secret: write { env = \"NAME\" }, { file = \"PATH\" } or { value = \"…\" }",
        "connections[1].channel: `owl` is not in this version, which has: pigeon, web",
        "connections[2].token: is not a secret of this channel, which has none",
        "connections[2].mode: unknown setting",
        "api_keys[0].scopes[0]: `root` is no scope; there are: chat, read, admin",
        "api_keys[0].scopes: needs at least one of: chat, read, admin",
        "api_keys[0].value: is too short: give at least 16 characters",
        "agents[1].slug: `helper` is taken by agents[0]",
        "limits.message_per_day: unknown key; did you mean `messages_per_day`?",
        "limits.tokens_per_day: must be a whole number, 0 or more",
        "secrets.billing.key: is not a secret of this version; write \"llm.<provider>.api_key\"",
        "secrets.llm.main.api_key: environment variable `UNSET` is not set",
    ];
    assert_eq!(faults(text), expected.join("\n"));
}

#[test]
fn a_file_that_is_not_toml_names_its_line() {
    let broken = faults("[tenant]\nslug = \"a\nname");
    assert!(broken.starts_with("line 3: not TOML"), "{broken}");
    assert_eq!(faults(""), "tenant: is missing: write [tenant] with a slug");
}

#[test]
fn a_reserved_connection_slug_and_a_missing_or_empty_secret_are_refused() {
    let with = |slug: &str, rest: &str| {
        faults(&format!(
            "tenant.slug = \"a\"\n[[agents]]\nslug = \"h\"\n[[connections]]\nslug = \"{slug}\"\n\
             channel = \"pigeon\"\nagent = \"h\"\n{rest}"
        ))
    };
    let token = "token = { env = \"TOKEN\" }";
    assert!(with("api-h", token).starts_with("connections[0].slug: names that start with `api-`"));
    assert_eq!(with("pg", ""), "connections[0].token: is missing");
    assert_eq!(with("pg", "token = { env = \"EMPTY\" }"), "connections[0].token: is empty");
    assert_eq!(
        with("pg", "token = { file = \"nowhere\" }"),
        "connections[0].token: file `nowhere` cannot be read: no such file"
    );
    assert!(with("pg", "token = { env = \"TOKEN\", file = \"x\" }").contains("exactly one source"));
}

#[test]
fn two_keys_with_the_same_text_are_refused_without_showing_it() {
    let text = "tenant.slug = \"a\"\n\
        [[api_keys]]\nslug = \"one\"\nscopes = [\"chat\"]\nvalue = { env = \"KEY\" }\n\
        [[api_keys]]\nslug = \"two\"\nscopes = [\"chat\"]\nvalue = { env = \"KEY\" }\n";
    assert_eq!(faults(text), "api_keys: `two` has the same text as `one`");
}

#[test]
fn sizes_are_taken_up_to_their_limits() {
    let padded = |size: usize| {
        let head = "tenant.slug = \"a\"\n#";
        format!("{head}{}", "x".repeat(size - head.len()))
    };
    assert!(read(&padded(APPLY_FILE_BYTES_MAX)).is_ok());
    assert!(faults(&padded(APPLY_FILE_BYTES_MAX + 1)).contains("longer than"));

    let keys = |count: usize| {
        let entries = (0..count)
            .map(|index| format!("[[api_keys]]\nslug = \"k{index}\"\nscopes = [\"chat\"]\n"));
        format!("tenant.slug = \"a\"\n{}", entries.collect::<String>())
    };
    assert_eq!(read(&keys(ENTRIES_MAX)).unwrap().api_keys.len(), ENTRIES_MAX);
    assert!(faults(&keys(ENTRIES_MAX + 1)).contains("more than"));

    let secret = |size: usize| {
        let text = "x".repeat(size);
        format!("tenant.slug = \"a\"\n[secrets]\nllm.main.api_key = {{ value = \"{text}\" }}")
    };
    assert!(read(&secret(SECRET_BYTES_MAX)).is_ok());
    assert!(faults(&secret(SECRET_BYTES_MAX + 1)).contains("longer than"));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _unused = read(&text);
    }

    #[test]
    fn no_value_of_a_wrong_type_makes_the_reader_panic(
        key in prop::sample::select(vec![
            "tenant", "agents", "connections", "api_keys", "limits", "secrets",
        ]),
        value in prop::sample::select(vec![
            "1", "\"x\"", "[]", "[1]", "[[]]", "{}", "[{}]", "{ a = {} }", "[{ slug = 1 }]", "1979-05-27",
        ]),
    ) {
        let _unused = read(&format!("{key} = {value}"));
    }
}
